import * as assert from "uvu/assert";
import { definitionKey, encodeDefinition } from "../../src/core/definition.ts";
import { DefinitionTable, isReboot } from "../../src/core/definition-table.ts";
import { cronOf, definitionOf, onceOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("definition-table");

test("equal definitions share a number until the last user drops it; numbers are never given twice", () => {
  const table = new DefinitionTable();
  const first = table.addUser(definitionOf());
  assert.is(table.addUser(definitionOf()), first);
  const second = table.addUser(onceOf());
  assert.equal(table.numbers(), [first, second]);
  assert.is(table.usersOf(first), 2);
  assert.is(table.numberOf(definitionKey(definitionOf())), first);
  assert.is(table.keyOf(first), definitionKey(definitionOf()));
  table.dropUser(first);
  table.dropUser(first);
  assert.is(table.size, 1);
  assert.is(table.usersOf(first), 0);
  assert.is(table.numberOf(definitionKey(definitionOf())), 0);
  assert.is(table.addUser(definitionOf()), second + 1);
  assert.is(table.lastNumber, second + 1);
});

test("read() gives what a record holds and keeps nothing", () => {
  const table = new DefinitionTable();
  const number = table.addUser(onceOf());
  assert.equal(table.read(encodeDefinition(definitionOf())), definitionOf());
  assert.equal(table.read(number), onceOf());
  assert.is(table.read(number + 1), undefined);
  assert.throws(
    () => table.read({ not: "a definition" }),
    (error: { code?: string }) => error.code === "KRON_JOURNAL_CORRUPT",
  );
  assert.is(table.size, 1);
});

test("a definition that is not held cannot be asked for", () => {
  const table = new DefinitionTable();
  assert.throws(() => table.get(1), /the definition is held/);
  assert.throws(() => table.keyOf(1), /the definition is held/);
  assert.throws(() => table.dropUser(1), /the definition has a user/);
});

test("hasReboot is true while any timer waits for the runtime to start", () => {
  const table = new DefinitionTable();
  table.addUser(definitionOf());
  assert.not.ok(table.hasReboot);
  const number = table.addUser(cronOf("@reboot"));
  assert.ok(table.hasReboot);
  assert.ok(isReboot(table.get(number)));
  assert.not.ok(isReboot(cronOf("* * * * *")));
  table.dropUser(number);
  assert.not.ok(table.hasReboot);
});

test.run();
