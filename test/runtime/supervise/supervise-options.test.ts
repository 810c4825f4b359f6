import { resolve } from "node:path";
import * as assert from "uvu/assert";
import { isKronError } from "../../../src/core/errors.ts";
import { readSuperviseOptions, type SuperviseOptions } from "../../../src/runtime/supervise/supervise-options.ts";
import { defaultChildPolicy } from "../../../src/supervisor/child-policy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("supervise options");

const node = { version: "v20.20.0", stripsTypes: false };
const read = (options: SuperviseOptions, script = "app.js") => readSuperviseOptions(script, ["a"], options, node);

test("readSuperviseOptions() gives the defaults", () => {
  assert.equal(read({}), {
    script: resolve("app.js"),
    args: ["a"],
    nodeArgs: [],
    instances: 1,
    watchPaths: undefined,
    maxMemoryBytes: undefined,
    policy: defaultChildPolicy,
  });
});

test("readSuperviseOptions() reads each option", () => {
  const settings = read({
    ...{ instances: "4", maxMemory: "512MB", readyTimeout: "5s", stopTimeout: "2s", restart: "always" },
    ...{ maxRestarts: "0", restartDelay: "10ms", nodeArg: ["--inspect"] },
  });
  assert.equal([settings.instances, settings.maxMemoryBytes], [4, 512 * 1024 ** 2]);
  assert.equal(settings.policy, {
    ...defaultChildPolicy,
    ...{ readyTimeoutMs: 5_000, stopTimeoutMs: 2_000, restart: "always", restartsMax: 0, backoffBaseMs: 10 },
  });
  assert.equal(settings.nodeArgs, ["--inspect"]);
});

test("--watch watches the folder of the app, --watch-path what it names", () => {
  assert.equal(read({ watch: true }, "src/app.js").watchPaths, [resolve("src")]);
  assert.equal(read({ watchPath: ["lib", "conf.json"] }).watchPaths, [resolve("lib"), resolve("conf.json")]);
});

test("an option that makes no sense is refused by its name", () => {
  const cases: readonly (readonly [options: SuperviseOptions, what: string])[] = [
    [{ instances: "0" }, "--instances"],
    [{ instances: "65" }, "--instances"],
    [{ instances: "x" }, "--instances"],
    [{ maxMemory: "1KB" }, "--max-memory"],
    [{ readyTimeout: "0s" }, "--ready-timeout"],
    [{ stopTimeout: "soon" }, "--stop-timeout"],
    [{ restart: "sometimes" }, "--restart"],
    [{ maxRestarts: "-1" }, "--max-restarts"],
    [{ restartDelay: "2d" }, "--restart-delay"],
    [{ watchPath: [""] }, "--watch-path"],
  ];
  for (const [options, what] of cases) {
    const error = thrownBy(() => read(options));
    assert.ok(isKronError(error) && /^KRON_(OPTION|DURATION)_INVALID$/.test(error.code), what);
    assert.match(error.message, what);
  }
  assert.match(String(thrownBy(() => read({}, ""))), /the app/);
});

test("an entry in TypeScript is run where Node can, with the flag it needs", () => {
  const args = (version: string, stripsTypes: boolean, nodeArg: readonly string[] = []) =>
    readSuperviseOptions("app.ts", [], { nodeArg }, { version, stripsTypes }).nodeArgs;
  assert.equal(args("v24.0.0", true), []);
  assert.equal(args("v22.6.0", false), ["--experimental-strip-types"]);
  assert.equal(args("v20.20.0", false, ["--import=tsx"]), ["--import=tsx"]);
  for (const version of ["v22.5.1", "v20.20.0"]) {
    const error = thrownBy(() => args(version, false));
    assert.ok(isKronError(error, "KRON_OPTION_INVALID"));
    assert.match(error.hint ?? "", "22.18");
  }
});

test.run();

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
