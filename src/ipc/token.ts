/** `kron.token`: 32 random bytes that whoever can read the directory knows, and nobody else. Never sent anywhere. */

import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import type { Random } from "../ports.ts";
import { readPrivateFile, userOfProcess, writePrivateFile } from "./private-files.ts";

/** The name of the token file. */
export const tokenName = "kron.token";
/** Bytes of a token. */
export const tokenBytes = 32;

/** The token of `directory`, or undefined when it has none. Throws `KRON_TOKEN_INVALID`. */
export function readToken(directory: string, uid = userOfProcess()): Uint8Array | undefined {
  const path = join(directory, tokenName);
  const refuse = (why: string): KronError =>
    new KronError("KRON_TOKEN_INVALID", `Expected a private token at ${path}: ${why}`, {
      hint: "Stop the runtime, remove the file and start it again: it makes a new one",
    });
  const bytes = readPrivateFile(path, tokenBytes + 1, refuse, uid);
  if (bytes === undefined) return undefined;
  if (bytes.length !== tokenBytes) throw refuse(`it does not have ${tokenBytes} bytes`);
  return new Uint8Array(bytes);
}

/** The token of `directory`, made when there is none. For the holder of the directory's lock only. */
export function ensureToken(directory: string, random: Random): Uint8Array {
  const found = readToken(directory);
  if (found !== undefined) return found;
  const token = random.bytes(tokenBytes);
  writePrivateFile(join(directory, tokenName), token);
  return token;
}
