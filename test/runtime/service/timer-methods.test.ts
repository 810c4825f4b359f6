import { equal, is, match, ok } from "uvu/assert";
import { isKronError, type KronErrorCode } from "../../../src/core/errors.ts";
import { unpackRun, unpackTimer } from "../../../src/runtime/service/wire-views.ts";
import { ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("timer methods");

/** What the call is refused with. */
async function refusal(service: ServiceRig, name: string, params: unknown, code: KronErrorCode): Promise<string> {
  try {
    await service.call(name, params);
  } catch (error) {
    ok(isKronError(error, code), String(error));
    return `${error.message}; ${error.hint}`;
  }
  throw new Error(`Expected ${name} to be refused`);
}

test("timer.get gives a timer and its live runs", async () => {
  const service = new ServiceRig();
  await service.rig.add("slow", { every: "1m" }, () => new Promise(() => undefined));
  await service.rig.clock.advance("61s");
  const answer = (await service.call("timer.get", { id: "slow" })) as Record<"timer" | "runs" | "runCount", unknown>;
  equal(unpackTimer(answer.timer).timer, service.rig.view("slow"));
  const [run, ...others] = (answer.runs as unknown[]).map(unpackRun);
  equal([run?.timerId, run?.state, run?.attempt, run?.maxAttempts, run?.target], ["slow", "running", 1, 3, "callback"]);
  equal([run?.retryAtMs, others.length, answer.runCount], [undefined, 0, 1]);
});

test("an id that is not known comes with the nearest one that is", async () => {
  const service = new ServiceRig();
  await service.rig.add("nightly", { every: "1h" });
  for (const name of ["timer.get", "timer.pause", "timer.resume", "timer.cancel", "timer.trigger", "timer.next"]) {
    const said = await refusal(service, name, { id: "nigthly" }, "KRON_TIMER_NOT_FOUND");
    is(said, 'Timer "nigthly" is not known; Did you mean "nightly"?', name);
  }
  match(await refusal(service, "timer.get", { id: "?" }, "KRON_TIMER_NOT_FOUND"), /`kron job list`/);
  match(await refusal(service, "timer.get", { id: 5 }, "KRON_OPTION_INVALID"), /Expected id to be a text, got 5/);
  match(await refusal(service, "timer.get", null, "KRON_OPTION_INVALID"), /got undefined/);
});

test("pause, resume and cancel change what is on record", async () => {
  const service = new ServiceRig();
  await service.rig.add("a", { every: "1h" });
  equal(await service.call("timer.pause", { id: "a" }), { timerId: "a", changed: true });
  equal(await service.call("timer.pause", { id: "a" }), { timerId: "a", changed: false });
  is(service.rig.view("a").state, "paused");
  equal(await service.call("timer.resume", { id: "a" }), { timerId: "a", changed: true });
  equal(await service.call("timer.cancel", { id: "a" }), { timerId: "a", changed: true });
  is(service.rig.view("a").state, "cancelled");
  match(await refusal(service, "timer.cancel", { id: "a", abort: "yes" }, "KRON_OPTION_INVALID"), /abort/);
});

test("cancel with abort asks the run under way to stop", async () => {
  const service = new ServiceRig();
  let aborted: unknown;
  await service.rig.add("a", { every: "1m" }, ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason;
        reject(signal.reason);
      });
    });
  });
  await service.rig.clock.advance("61s");
  await service.call("timer.cancel", { id: "a", abort: true });
  ok(isKronError(aborted, "KRON_CONFLICT"));
});

test("trigger runs a timer with a payload of its own", async () => {
  const service = new ServiceRig();
  const payloads: unknown[] = [];
  await service.rig.add("a", { every: "1h", payload: { own: 1 } }, ({ payload }) => payloads.push(payload));
  const answer = (await service.call("timer.trigger", { id: "a", payload: { mine: [1n] } })) as Record<string, unknown>;
  equal([answer.timerId, answer.state], ["a", "running"]);
  match(String(answer.runId), /^run_[0-9a-z]{10}$/);
  await service.call("timer.trigger", { id: "a" });
  equal(payloads, [{ mine: [1n] }, { own: 1 }]);
});

test("schedule takes timers that say what is executed, and refuses callbacks with a hint", async () => {
  const service = new ServiceRig();
  const options = { cron: "0 * * * *", command: ["true"] };
  equal(await service.call("timer.schedule", { id: "c", options }), { timerId: "c", action: "created" });
  equal(await service.call("timer.schedule", { id: "c", options }), { timerId: "c", action: "unchanged" });
  const changed = { ...options, cron: "5 * * * *" };
  equal(await service.call("timer.schedule", { id: "c", options: changed }), { timerId: "c", action: "updated" });
  const said = await refusal(service, "timer.schedule", { id: "d", options: { every: "1h" } }, "KRON_OPTION_INVALID");
  match(said, /module, command or http.*code of the application/);
  const bad = { id: "d", options: { cron: "99 * * * *", command: ["x"] } };
  match(await refusal(service, "timer.schedule", bad, "KRON_CRON_INVALID"), /minute/);
  await refusal(service, "timer.schedule", { id: " ", options }, "KRON_ID_INVALID");
  await refusal(service, "timer.schedule", { id: "d" }, "KRON_OPTION_INVALID");
});

test("next gives as many due times as were asked for", async () => {
  const service = new ServiceRig();
  await service.rig.add("hourly", { cron: "0 * * * *" });
  await service.rig.add("once", { after: "5m" });
  const next = (await service.call("timer.next", { id: "hourly", count: 10_000 })) as number[];
  is(next.length, 10_000);
  ok(next.every((atMs, i) => i === 0 || atMs - (next[i - 1] ?? 0) === 3_600_000));
  is(((await service.call("timer.next", { id: "hourly" })) as number[]).length, 10);
  is(((await service.call("timer.next", { id: "once", count: 3 })) as number[]).length, 1);
  await refusal(service, "timer.next", { id: "once", count: 10_001 }, "KRON_OPTION_INVALID");
});

test.run();
