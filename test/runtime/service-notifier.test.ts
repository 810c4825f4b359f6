/** What systemd is told, with a socket that takes messages, is full, or is not there. */

import { constants } from "node:os";
import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/ports.ts";
import { type NotifierParts, ServiceNotifier } from "../../src/runtime/service-notifier.ts";
import { VirtualClock } from "../../src/testing.ts";
import { suite } from "../support/suite.ts";

const test = suite("service notifier");

interface Rig {
  readonly clock: VirtualClock;
  readonly sent: string[];
  readonly warnings: string[];
  readonly environment: Record<string, string | undefined>;
  /** What the next sends give; 0 when there is nothing left. */
  readonly answers: number[];
  isClosed: boolean;
  readonly notifier: ServiceNotifier;
}

function rig(given: Record<string, string>, more: Partial<NotifierParts> = {}): Rig {
  const clock = new VirtualClock("2026-01-01T00:00:00Z");
  const environment = { ...given };
  const [sent, warnings, answers]: [string[], string[], number[]] = [[], [], []];
  const ignore = (): void => undefined;
  const logger: Logger = { debug: ignore, info: ignore, error: ignore, warn: (_f, message) => warnings.push(message) };
  const made = { clock, sent, warnings, answers, environment, isClosed: false };
  const open = () => ({
    send: (text: string): number => {
      const answer = answers.shift() ?? 0;
      if (answer === 0) sent.push(text);
      return answer;
    },
    close: (): void => {
      made.isClosed = true;
    },
  });
  return Object.assign(made, {
    notifier: new ServiceNotifier({ environment, pid: 42, clock, logger, open, ...more }),
  });
}

const address = { NOTIFY_SOCKET: "/run/notify" };

test("it says ready, reloading, stopping and what it is doing, and takes its variables away", () => {
  const { notifier, sent, environment } = rig({ ...address, WATCHDOG_USEC: "10", WATCHDOG_PID: "1", PATH: "/bin" });
  assert.equal(environment, { PATH: "/bin" });
  assert.ok(notifier.isOn);
  notifier.ready("2 timers\nMAINPID=1");
  notifier.status("3 timers");
  notifier.status("3 timers");
  notifier.reloading();
  notifier.stopping("bye");
  assert.match(sent.splice(2, 1)[0] ?? "", /^RELOADING=1\nMONOTONIC_USEC=[1-9]\d*$/);
  assert.equal(sent, ["READY=1\nSTATUS=2 timers MAINPID=1", "STATUS=3 timers", "STOPPING=1\nSTATUS=bye"]);
});

test("without a socket it does nothing", async () => {
  const { notifier, sent, clock, isClosed } = rig({ WATCHDOG_USEC: "1000000" });
  notifier.ready("x");
  notifier.watch(() => true);
  await clock.advance("10s");
  notifier.close();
  assert.equal([sent, notifier.isOn, isClosed], [[], false, false]);
});

test("a socket that cannot be opened is told once, and is no reason to fail", () => {
  const open = (): never => {
    throw new KronError("KRON_OPTION_INVALID", "no");
  };
  const { notifier, warnings } = rig(address, { open });
  notifier.ready("x");
  assert.equal(warnings, ["systemd cannot be told how the service is"]);
  assert.throws(
    () =>
      rig(address, {
        open: () => {
          throw new TypeError("a fault");
        },
      }),
    /a fault/,
  );
});

test("signs of life come twice as often as systemd asks, while it is well, and for this process only", async () => {
  const { notifier, sent, clock } = rig({ ...address, WATCHDOG_USEC: "10000000", WATCHDOG_PID: "42" });
  let isAlive = true;
  notifier.watch(() => isAlive);
  notifier.watch(() => isAlive);
  await clock.advance("20s");
  assert.is(sent.filter((text) => text === "WATCHDOG=1").length, 5);
  isAlive = false;
  await clock.advance("60s");
  assert.is(sent.length, 5);
  isAlive = true;
  await clock.advance("5s");
  assert.is(sent.length, 6);
  notifier.close();
  await clock.advance("60s");
  assert.is(sent.length, 6);

  const other = rig({ ...address, WATCHDOG_USEC: "10000000", WATCHDOG_PID: "43" });
  other.notifier.watch(() => true);
  await other.clock.advance("60s");
  assert.equal(other.sent, []);
  const none = rig({ ...address, WATCHDOG_USEC: "-5" });
  none.notifier.watch(() => true);
  assert.equal(none.sent, []);
});

test("what finds the socket full is sent later, in order", async () => {
  const { EAGAIN, ENOBUFS, ECONNREFUSED } = constants.errno;
  const { notifier, sent, answers, clock, warnings } = rig(address);
  answers.push(EAGAIN, ENOBUFS);
  notifier.ready("a");
  notifier.status("b");
  assert.equal(sent, []);
  await clock.advance("1s");
  assert.equal(sent, ["READY=1\nSTATUS=a", "STATUS=b"]);
  answers.push(ECONNREFUSED);
  notifier.status("lost");
  notifier.status("c");
  assert.equal([sent.length, warnings], [3, ["systemd did not take a message"]]);
  answers.push(...Array.from({ length: 51 }, () => EAGAIN));
  notifier.status("never");
  for (let i = 0; i < 40; i++) notifier.status(`later ${i}`);
  await clock.advance("20s");
  assert.is(warnings.length, 2, "it is given up after a while");
  assert.ok(sent.length > 3 && sent.length <= 3 + 16, "and not all is kept for ever");
  assert.is(sent.at(-1), "STATUS=later 39");
});

test("closing ends the waiting and the socket", async () => {
  const made = rig(address);
  made.answers.push(constants.errno.EAGAIN);
  made.notifier.ready("a");
  made.notifier.close();
  await made.clock.advance("10s");
  assert.equal([made.sent, made.isClosed], [[], true]);
});

test.run();
