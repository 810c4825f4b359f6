import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { type AddOptions, addedOptions } from "../../bin/commands/add-options.ts";
import { eventJson, eventLine } from "../../bin/commands/event-text.ts";
import { labelledZone } from "../../bin/display-zone.ts";
import { CommandError } from "../../bin/exit-codes.ts";
import { Output } from "../../bin/output.ts";
import { parseScheduleOptions } from "../../src/core/options.ts";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";
import { plainOutput } from "./plain-output.ts";

const test = suite("add options");

/** What `schedule()` makes of the words of a command line. */
function read(options: AddOptions, ...words: readonly string[]) {
  return parseScheduleOptions("t", addedOptions(options, words), () => undefined);
}

function refusal(options: AddOptions, ...words: readonly string[]): string {
  try {
    read(options, ...words);
  } catch (error) {
    assert.instance(error, Error);
    return (error as Error).message;
  }
  throw new Error("Expected a refusal");
}

test("what is not given gets the defaults of schedule()", () => {
  const { definition, payload } = read({ every: "1h" }, "true");
  const plain = parseScheduleOptions("t", { every: "1h", command: ["true"], cwd: resolve(".") }, () => undefined);
  assert.equal([definition, payload], [plain.definition, undefined]);
});

test("every option of the schedule and its policies finds its place", () => {
  const { definition, payload } = read(
    {
      ...{ cron: "0 9 * * *", timezone: "Europe/Rome", dst: "skip", dayMatch: "and", overlap: "allow" },
      ...{ retry: "7", backoff: "linear", retryBase: "5s", retryCap: "1m", retryJitter: false },
      ...{ misfire: "all", misfireWithin: "2h", misfireMax: "9", timeout: "1m", grace: "2s" },
      ...{ jitter: "30s", jitterMode: "random", concurrency: "3" },
      ...{ historyCount: "10", historyAge: "2d", historyBytes: "100000" },
      payload: '{"at":{"$int64":"5"}}',
    },
    "true",
  );
  assert.equal(definition.schedule, {
    ...{ kind: "cron", expression: "0 9 * * *", zone: "Europe/Rome", dst: "skip", dayMatch: "and" },
  });
  assert.equal(definition.retry, {
    ...{ maxAttempts: 7, backoff: "linear", baseMs: 5_000, capMs: 60_000, jitter: false },
  });
  assert.equal(definition.misfire, { mode: "all", withinMs: 7_200_000, max: 9 });
  const { overlap, timeoutMs, graceMs, jitterMs, jitterMode, concurrency, history } = definition;
  assert.equal([overlap, timeoutMs, graceMs, jitterMs, jitterMode], ["allow", 60_000, 2_000, 30_000, "random"]);
  assert.equal([concurrency, history], [3, { count: 10, ageMs: 172_800_000, bytes: 100_000 }]);
  assert.equal(payload, { at: 5n });
  assert.equal(read({ at: "2030-01-01T00:00:00Z" }, "true").atMs, Date.UTC(2030, 0));
});

test("a command keeps its words, and runs where it was added", () => {
  const { target } = read({ every: "1h", env: ["A=1", "B=x=y"] }, "sh", "-c", "echo  $A").definition;
  assert.equal(target, {
    ...{ kind: "command", argv: ["sh", "-c", "echo  $A"], cwd: resolve("."), env: { A: "1", B: "x=y" }, shell: false },
  });
  const shell = read({ every: "1h", shell: true, cwd: "sub" }, "echo", "a | b").definition.target;
  assert.equal(shell, { kind: "command", argv: ["echo a | b"], cwd: resolve("sub"), env: {}, shell: true });
});

test("a module is found from where it was added", () => {
  const options = { every: "1h", module: "./jobs/a.js", export: "run", isolate: "process", maxHeap: "64" };
  const { target } = read({ ...options, maxRunsPerWorker: "5", maxMemory: "1GB" }).definition;
  assert.equal(target, {
    ...{ kind: "module", path: pathToFileURL(resolve("jobs/a.js")).href, exportName: "run", isolate: "process" },
    ...{ heapMbMax: 64, runsPerWorkerMax: 5, memoryBytesMax: 2 ** 30 },
  });
  const url = read({ every: "1h", module: "file:///jobs/a.js" }).definition.target;
  assert.is(url.kind === "module" && url.path, "file:///jobs/a.js");
});

test("a request has its method, headers, body and rule of success", () => {
  const options = { every: "1h", http: "https://example.org/x", method: "put", success: "2xx, 404" };
  const { target } = read({ ...options, header: ["X-A: b: c", "accept:*/*"], body: '{"a":1}' }).definition;
  assert.ok(target.kind === "http");
  assert.equal([target.method, target.url, target.body], ["PUT", "https://example.org/x", { a: 1 }]);
  assert.equal(Object.fromEntries(target.headers), { "x-a": "b: c", accept: "*/*" });
  assert.equal(target.success, [
    [200, 299],
    [404, 404],
  ]);
  const plain = read({ every: "1h", http: "https://example.org/x", body: "5" }).definition.target;
  assert.equal(plain.kind === "http" && [plain.method, plain.body], ["POST", "5"]);
});

test("what cannot be is refused, and secrets are not repeated", () => {
  for (const [options, words, message] of [
    [{ every: "1h" }, [], /exactly one of --module, --http and a command/],
    [{ every: "1h", module: "a" }, ["true"], /exactly one/],
    [{ every: "1h", http: "http://a/", module: "a" }, [], /exactly one/],
    [{ every: "1h", body: "x" }, ["true"], /only together with --http/],
    [{ every: "1h", concurrency: "1.5" }, ["true"], /--concurrency to be a whole number, got "1.5"/],
    [{ every: "1h", payload: "{" }, ["true"], /--payload to be JSON/],
    [{ every: "1h", jitterMode: "random" }, ["true"], /jitter\.max/],
    [{ every: "1h", misfireMax: "3" }, ["true"], /misfire\.max only with mode/],
    [{ every: "1h", shell: true }, [], /text for the shell/],
  ] as const) {
    assert.match(refusal(options, ...words), message);
  }
  assert.not.match(refusal({ every: "1h", env: ["s3cret"] }, "true"), /s3cret/);
  assert.not.match(refusal({ every: "1h", http: "http://a/", header: ["s3cret"] }), /s3cret/);
  assert.instance(catchError({ every: "1h" }), CommandError);
});

test("an event is one line, and one object", () => {
  const zone = labelledZone(new Zones(intlOffsetSource()).get("UTC"));
  const output = new Output(plainOutput);
  const event = {
    ...{ type: "RUN_FAILED", timerId: "a", runId: "run_1", attempt: 2, atMs: 1_500, durationMs: 25 },
    error: { name: "Error", message: "boom\nsecond" },
  };
  assert.is(
    eventLine({ type: "RUN_FAILED", event }, zone, output),
    "1970-01-01 00:00:01.500 UTC  RUN_FAILED           a  run_1 attempt 2 in 25ms Error: boom\\nsecond",
  );
  assert.equal(eventJson({ type: "RUN_FAILED", event }), { version: 1, ...event });
  assert.match(eventLine({ type: "DROPPED", event: { count: 7 } }, zone, output), /^ {27} {2}DROPPED {14}7 of them$/);
  const line = { timerId: "a", runId: "run_1", attempt: 1, atMs: 0, level: "info", message: "hello" };
  assert.match(eventLine({ type: "LOG", event: line }, zone, output), /a {2}run_1 attempt 1 hello$/);
});

test.run();

function catchError(options: AddOptions): unknown {
  try {
    return addedOptions(options, []);
  } catch (error) {
    return error;
  }
}
