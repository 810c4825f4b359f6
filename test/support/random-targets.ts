/** Random targets, as definitions have them and as options ask for them. */

import fc from "fast-check";
import { isolations, type TargetSpec } from "../../src/core/target.ts";
import type { TargetOptions } from "../../src/core/target-options.ts";

/** Records with the usual prototype; those without one are not what `assert.equal` takes for equal. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((one) => !one.includes("\0"));
/** Short and odd ones, so that equal targets are drawn now and then, and fields that could be taken for others. */
const oddText = fc.oneof(fc.constantFrom("a", '"', ",", "[", "]]", "a,b", "\\", "0", " "), text);
const name = fc.oneof(
  fc.constantFrom("A", "B", "PATH", "_", "constructor", "toString"),
  fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,6}$/),
);
const headerName = fc.constantFrom("a", "b", "x-1", "authorization", "constructor", "content-type");
const headerText = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,12}$/);
const path = oddText.map((one) => `./${one.trim()}x.js`);
const small = fc.nat(3);

/** Data that JSON carries as it is. */
const json: fc.Arbitrary<unknown> = fc
  .jsonValue({ maxDepth: 3, stringUnit: "grapheme" })
  .filter((value) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

function sorted(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const ranges = fc.array(fc.tuple(fc.integer({ min: 100, max: 300 }), fc.integer({ min: 300, max: 599 })), {
  minLength: 1,
  maxLength: 3,
});

/** Targets as `readTarget` may give them. */
export const targets: fc.Arbitrary<TargetSpec> = fc.oneof(
  fc.constant({ kind: "callback" as const }),
  record({
    kind: fc.constant("module" as const),
    path,
    exportName: fc.constantFrom("default", "run", '"'),
    isolate: fc.constantFrom(...isolations),
    heapMbMax: small,
    runsPerWorkerMax: small,
    memoryBytesMax: small,
  }),
  record({
    kind: fc.constant("command" as const),
    argv: fc.array(oddText, { maxLength: 3 }).map((rest) => ["x", ...rest]),
    cwd: maybe(fc.constantFrom("/tmp", "a")),
    env: fc.dictionary(name, oddText, { maxKeys: 3, noNullPrototype: true }).map(sorted),
    shell: fc.constant(false),
  }),
  record({
    kind: fc.constant("command" as const),
    argv: oddText.map((one) => [`x${one}`]),
    cwd: fc.constant(undefined),
    env: fc.constant({}),
    shell: fc.constant(true),
  }),
  record({
    kind: fc.constant("http" as const),
    method: fc.constantFrom("POST", "PUT", "DELETE"),
    url: oddText.map((one) => `https://example.com/${encodeURIComponent(one)}`),
    headers: fc.uniqueArray(fc.tuple(headerName, headerText), { selector: ([key]) => key, maxLength: 3 }),
    body: maybe(json),
    success: ranges,
  }),
);

/** Options that `readTarget` takes. */
export const targetOptions: fc.Arbitrary<TargetOptions> = fc.oneof(
  fc.constant({}),
  record<TargetOptions>({
    module: fc.oneof(path, fc.constantFrom("file:///a/b.js", new URL("file:///c%20d.js"), "C:\\jobs\\a.js")),
    export: maybe(fc.constantFrom("run", "default")),
    isolate: maybe(fc.constantFrom(...isolations)),
    resourceLimits: maybe(record({ maxOldGenerationSizeMb: maybe(fc.integer({ min: 1, max: 1_048_576 })) })),
    maxRunsPerWorker: maybe(fc.integer({ min: 1, max: 1_000_000_000 })),
    maxMemory: maybe(
      fc.oneof(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.constantFrom("512MB", "1.5 GiB")),
    ),
  }),
  record<TargetOptions>({
    command: fc.array(oddText, { maxLength: 3 }).map((rest) => ["x", ...rest]),
    cwd: maybe(fc.constantFrom("/tmp", "a")),
    env: maybe(fc.dictionary(name, oddText, { maxKeys: 3 })),
    shell: maybe(fc.constant(false)),
  }),
  record<TargetOptions>({ command: oddText.map((one) => `x${one}`), shell: fc.constant(true) }),
  record<TargetOptions>({
    http: fc.oneof(
      fc.constantFrom("http://localhost", "https://[::1]:8080/x?y#z", "HTTP://ex.com:80"),
      record({
        url: fc.constant("https://example.com/ü"),
        method: maybe(fc.constantFrom("POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
        headers: maybe(fc.dictionary(headerName, headerText, { maxKeys: 3 })),
        body: maybe(json),
        success: maybe(fc.oneof(fc.constant(200), fc.constant("2xx"), fc.constant([201, "300-399", "4xx"]))),
      }),
      record({ url: fc.constant("https://example.com/"), method: maybe(fc.constantFrom("GET", "HEAD")) }),
    ),
  }),
);
