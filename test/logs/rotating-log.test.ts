import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { RotatingLog } from "../../src/logs/rotating-log.ts";
import { suite } from "../support/suite.ts";
import { logDirectory } from "./log-directory.ts";

const test = suite("logs/rotating-log");
const { path: directory, dispose } = logDirectory();
let logs = 0;

test.after(dispose);

function fresh(more: { olderMax?: number; path?: string } = {}) {
  logs += 1;
  const path = more.path ?? join(directory, `d${logs}`, "app.log");
  const troubles: string[] = [];
  const onTrouble = ({ message }: Error): void => void troubles.push(message);
  const log = new RotatingLog({ path, bytesMax: 10, olderMax: more.olderMax ?? 2, onTrouble });
  return { log, path, troubles, read: (suffix = "") => readFileSync(path + suffix, "utf8") };
}

test("files move up when the newest is full, and the oldest goes", () => {
  const { log, path, read } = fresh();
  for (const line of ["one\n", "two\n", "three\n", "four\n", "five\n", "six\n"]) log.write(line);
  log.close();
  assert.equal([read(), read(".1"), read(".2")], ["six\n", "four\nfive\n", "three\n"]);
  assert.is(existsSync(`${path}.3`), false);
  assert.is(statSync(path).mode & 0o777, 0o600);
});

test("a line is never split, and one that is too long has a file to itself", () => {
  const { log, read } = fresh();
  log.write("short\n");
  log.write("much longer than the limit\n");
  log.write("next\n");
  log.close();
  assert.equal([read(), read(".1"), read(".2")], ["next\n", "much longer than the limit\n", "short\n"]);
});

test("what is there already counts", () => {
  const { log, path, read } = fresh();
  log.write("1234567\n");
  log.close();
  const again = new RotatingLog({ path, bytesMax: 10, olderMax: 2 });
  again.write("abc\n");
  again.close();
  assert.equal([read(), read(".1")], ["abc\n", "1234567\n"]);
});

test("without older files the only one begins anew", () => {
  const { log, path, read } = fresh({ olderMax: 0 });
  log.write("1234567\n");
  log.write(Buffer.from("abc\n"));
  log.close();
  assert.is(read(), "abc\n");
  assert.is(existsSync(`${path}.1`), false);
});

test("reopen() goes on in a new file after somebody moved the old one away", () => {
  const { log, path, read } = fresh();
  log.write("one\n");
  renameSync(path, `${path}.moved`);
  log.write("two\n");
  log.reopen();
  log.write("three\n");
  log.close();
  log.write("after the end\n");
  assert.equal([read(), read(".moved")], ["three\n", "one\ntwo\n"]);
});

test("a full disk costs output, is told of once, and again after it had space", () => {
  const { log, troubles } = fresh({ path: "/dev/full" });
  log.write("a\n");
  log.write("b\n");
  log.close();
  assert.is(troubles.length, 1);
  assert.match(troubles[0] ?? "", /ENOSPC/);
});

test("a folder that cannot be made costs output too", () => {
  const blocked = join(directory, "blocked");
  writeFileSync(blocked, "");
  const { log, troubles } = fresh({ path: join(blocked, "app.log") });
  log.write("a\n");
  log.reopen();
  log.close();
  assert.is(troubles.length, 1);
});

test.run();
