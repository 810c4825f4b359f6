/** The exchange that docs/ipc-protocol.md shows in hexadecimal, decoded, and made again byte for byte by both sessions. */

import { readFileSync } from "node:fs";
import { equal, is } from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { FRAME_KIND } from "../../src/journal/frame.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { epoch, framesIn, newClient, newServer } from "./session-rig.ts";

const test = suite("ipc protocol example");

/** The bytes of each block of the document that begins with an arrow, in order. */
function documented(): { readonly from: string; readonly bytes: Buffer }[] {
  const text = readFileSync(repositoryPath("docs/ipc-protocol.md"), "utf8");
  return text
    .split(/^(?=(?:client|server) → )/m)
    .slice(1)
    .map((block) => ({
      from: block.slice(0, 6),
      bytes: Buffer.from(
        [...block.matchAll(/^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2})/gm)]
          .map((match) => match[1]?.replaceAll(" ", "") ?? "")
          .join(""),
        "hex",
      ),
    }));
}

test("the example decodes to what the document says it is", () => {
  const frames = documented().flatMap(({ from, bytes }) => framesIn(bytes).map((frame) => ({ from, ...frame })));
  equal(
    frames.map(({ from, kind, seq, epoch: term }) => [from, kind, seq, term]),
    [
      ["client", FRAME_KIND.hello, 0, 0],
      ["server", FRAME_KIND.challenge, 0, epoch],
      ["server", FRAME_KIND.proof, 0, epoch],
      ["client", FRAME_KIND.proof, 0, epoch],
      ["server", FRAME_KIND.welcome, 0, epoch],
      ["client", FRAME_KIND.request, 1, epoch],
      ["server", FRAME_KIND.response, 1, epoch],
      ["client", FRAME_KIND.request, 2, epoch],
      ["server", FRAME_KIND.error, 2, epoch],
    ],
  );
  equal(frames[5]?.body, ["status", 30_000, { id: "report" }]);
  equal(frames[6]?.body, [{ state: "active" }]);
  equal(frames[8]?.body, ["KRON_TIMER_NOT_FOUND", "No timer", null, null]);
});

test("both sides send the bytes of the example when they get those of the other", async () => {
  const server = newServer({
    methods: { status: { kind: "unary", call: () => ({ state: "active" }) }, cancel: { kind: "unary", call: missing } },
  });
  const client = newClient();
  const ask = (method: string, params: unknown): void => {
    client.session.requests.begin({
      channel: 0,
      method,
      params,
      window: 0,
      deadlineMs: 30_000,
      deadlineAtMs: 31_000,
      seq: 0,
      answered: () => true,
      failed: () => undefined,
    });
  };
  const heard: { from: string; bytes: Buffer }[] = [];
  const pass = (from: "client" | "server"): void => {
    const [one, other] = from === "client" ? [client, server] : [server, client];
    const bytes = one.session.takeOutput();
    one.session.sent();
    if (bytes === undefined) return;
    heard.push({ from, bytes: Buffer.from(bytes) });
    other.session.feed(new Uint8Array(bytes));
  };
  const turn = (): void => {
    pass("client");
    pass("server");
  };
  turn();
  turn();
  ask("status", { id: "report" });
  turn();
  ask("cancel", { id: "gone" });
  turn();
  const told = documented();
  is(heard.length, told.length);
  heard.forEach(({ from, bytes }, place) => {
    is(from, told[place]?.from);
    is(bytes.toString("hex"), told[place]?.bytes.toString("hex"), `message ${place} of the example`);
  });
});

test.run();

function missing(): never {
  throw new KronError("KRON_TIMER_NOT_FOUND", "No timer");
}
