/**
 * How both sides show that they know the token without sending it: HMAC-SHA-256 (RFC 2104) with the token as key over
 * the role and the bodies of HELLO and CHALLENGE as they were sent. They hold both nonces, so a proof is of use in
 * one handshake only; the role keeps one side's proof from serving as the other's; and nobody in between can change
 * versions, features or the port that was dialled.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Whose proof it is. */
export type Role = "server" | "client";

/** The proof of `role` over the two bodies, 32 bytes. */
export function proofOf(token: Uint8Array, role: Role, hello: Uint8Array, challenge: Uint8Array): Uint8Array {
  const mac = createHmac("sha256", token);
  mac.update(`kron-ipc ${role}\n`).update(hello).update(challenge);
  return new Uint8Array(mac.digest());
}

/** Whether two proofs are the same, in a time that does not tell where they differ. */
export function isSameProof(one: Uint8Array, other: Uint8Array): boolean {
  // Digests have one length, whatever came: timingSafeEqual throws when lengths differ.
  const digest = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(one), digest(other));
}
