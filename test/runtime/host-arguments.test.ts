import * as assert from "uvu/assert";
import { hostArguments } from "../../src/runtime/host-arguments.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/host-arguments");

test("hostArguments() hands on what is for every process of an application", () => {
  const all = ["--max-old-space-size=256", "--import", "./hooks.js", "-r", "./early.cjs", "--enable-source-maps"];
  assert.equal(hostArguments(all), all);
});

test("hostArguments() keeps code of the command line back, whichever way it is given", () => {
  for (const name of ["--eval", "--print", "-e", "-p", "-pe"]) {
    assert.equal(hostArguments(["--input-type=module", name, "run()", "--no-warnings"]), ["--no-warnings"], name);
  }
  assert.equal(hostArguments(["--eval=run()", "--no-warnings"]), ["--no-warnings"]);
});

test("hostArguments() keeps debuggers, watchers and checks back", () => {
  assert.equal(hostArguments(["--inspect-brk=9229", "--watch", "--test", "--check", "-c", "--debug-port=1"]), []);
});

test.run();
