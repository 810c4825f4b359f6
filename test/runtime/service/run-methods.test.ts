import { equal, is, match, ok } from "uvu/assert";
import { isKronError, KronError, type KronErrorCode } from "../../../src/core/errors.ts";
import { type Tuple, unpackHistory, unpackRun } from "../../../src/runtime/service/wire-views.ts";
import { ServiceRig } from "../../support/service-rig.ts";
import { suite } from "../../support/suite.ts";

const test = suite("run methods");

async function runs(service: ServiceRig, params: unknown = null) {
  const pages = (await service.collect("run.list", params)) as { readonly runs: readonly Tuple[] }[];
  return pages.flatMap((page) => page.runs.map(unpackRun));
}

async function refused(promise: Promise<unknown>, code: KronErrorCode): Promise<KronError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  ok(isKronError(error, code), String(error));
  return error;
}

/** One run under way that ends when told to stop, one that failed and waits, one that waits for the first. */
async function threeRuns(): Promise<ServiceRig> {
  const service = new ServiceRig();
  const { rig } = service;
  const untilAborted = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await rig.add("busy", { every: "1m", overlap: "queue" }, untilAborted);
  await rig.add("flaky", { every: "1m", retry: { maxAttempts: 2, base: "1h", jitter: false } }, () => {
    throw new Error("boom");
  });
  await rig.clock.advance("125s");
  return service;
}

test("run.list has every run that has not ended", async () => {
  const service = await threeRuns();
  const found = await runs(service);
  equal(
    found.map(({ timerId, state, attempt }) => [timerId, state, attempt]),
    [
      ["busy", "running", 1],
      ["flaky", "retrying", 1],
      ["busy", "waiting", 0],
    ],
  );
  ok((found[1]?.retryAtMs ?? 0) > service.rig.clock.nowMs());
  is(found[2]?.startedAtMs, undefined);
  is((await runs(service, { state: ["waiting", "retrying"] })).length, 2);
  is((await runs(service, { timerId: "flaky" })).length, 1);
  await refused(runs(service, { timerId: "flakey" }), "KRON_TIMER_NOT_FOUND");
  await refused(runs(service, { state: ["finished"] }), "KRON_OPTION_INVALID");
});

test("thousands of runs come in pages", async () => {
  const service = new ServiceRig({ concurrency: 2_000 });
  await service.rig.add("many", { every: "1d", overlap: "allow" }, () => new Promise(() => undefined));
  const triggered = Array.from({ length: 1_500 }, () => service.rig.commands.trigger("many", undefined, 0));
  await service.rig.settle(Promise.all(triggered));
  const pages = (await service.collect("run.list")) as { readonly runs: readonly Tuple[] }[];
  equal(
    pages.map((page) => page.runs.length),
    [500, 500, 500],
  );
});

test("run.cancel ends what waits, and asks what is under way to stop", async () => {
  const service = await threeRuns();
  const [running, retrying, waiting] = await runs(service);
  for (const run of [waiting, retrying]) {
    const { runId, timerId } = run ?? { runId: "", timerId: "" };
    equal(await service.call("run.cancel", { runId }), { timerId, runId, state: "cancelled" });
  }
  const asked = await service.call("run.cancel", { runId: running?.runId });
  equal(asked, { timerId: "busy", runId: running?.runId, state: "stopping" });
  await service.rig.clock.settle();
  equal(await runs(service), []);
  const ends = [...service.rig.history("busy"), ...service.rig.history("flaky")];
  ok(ends.every(({ outcome, reason }) => outcome === "CANCELLED" && reason === "requested"));
  is(ends.length, 3);
  const next = service.rig.view("flaky").nextRunAtMs ?? 0;
  is(next - service.rig.clock.nowMs(), 60_000, "a fixed delay goes on from the cancellation");
});

test("run.cancel refuses runs that are not known", async () => {
  const service = await threeRuns();
  for (const runId of ["run_00000000zz", "run_1", "x", ""]) {
    const error = await refused(service.call("run.cancel", { runId }), "KRON_RUN_NOT_FOUND");
    match(error.hint ?? "", /kron run list/);
  }
});

test("run.retry begins the next attempt before its time", async () => {
  const service = await threeRuns();
  const [, retrying] = await runs(service);
  const answer = await service.call("run.retry", { id: "flaky" });
  equal(answer, { timerId: "flaky", runId: retrying?.runId, state: "running", isNewRun: false });
  await service.rig.clock.settle();
  is(service.rig.history("flaky")[0]?.outcome, "DEAD", "the second attempt was the last");
});

test("run.retry runs a timer again whose last run died, and no other", async () => {
  const service = new ServiceRig();
  let calls = 0;
  await service.rig.add("once", { after: "1m", retry: false }, () => {
    calls += 1;
    if (calls === 1) throw new Error("boom");
  });
  await service.rig.add("fine", { every: "1m" });
  await refused(service.call("run.retry", { id: "once" }), "KRON_TIMER_STATE");
  await service.rig.clock.advance("61s");
  is(service.rig.view("once").state, "dead");
  const answer = (await service.call("run.retry", { id: "once" })) as Record<string, unknown>;
  equal([answer.timerId, answer.state, answer.isNewRun], ["once", "running", true]);
  await service.rig.clock.settle();
  is(service.rig.history("once")[0]?.outcome, "SUCCEEDED");
  const error = await refused(service.call("run.retry", { id: "fine" }), "KRON_TIMER_STATE");
  match(error.hint ?? "", /kron job trigger/);
});

test("run.retry does not take the place of runs that fill every slot", async () => {
  const service = new ServiceRig({ concurrency: 1 });
  await service.rig.add("flaky", { every: "1m", retry: { base: "1h", jitter: false } }, () => {
    throw new Error("boom");
  });
  await service.rig.clock.advance("61s");
  await service.rig.add("long", { after: "1s" }, () => new Promise(() => undefined));
  await service.rig.clock.advance("2s");
  await refused(service.call("run.retry", { id: "flaky" }), "KRON_TIMER_STATE");
  is(service.rig.view("flaky").state, "retrying");
});

test("run.wait answers with the end of a run, before and after it", async () => {
  const service = new ServiceRig();
  await service.rig.add("slow", { every: "1h" }, () => service.rig.sleep(5_000).then(() => "done"));
  const { runId } = await service.rig.settle(service.rig.commands.trigger("slow", undefined, 0));
  const waiting = service.call("run.wait", { timerId: "slow", runId });
  await service.rig.clock.advance("6s");
  const entry = unpackHistory(await waiting);
  equal([entry.runId, entry.outcome, entry.result], [runId, "SUCCEEDED", "done"]);
  equal(unpackHistory(await service.call("run.wait", { timerId: "slow", runId })), entry);
  await refused(service.call("run.wait", { timerId: "slow", runId: "run_00000000zz" }), "KRON_RUN_NOT_FOUND");
});

test("run.wait lets go when the caller does", async () => {
  const service = new ServiceRig();
  await service.rig.add("endless", { every: "1h" }, () => new Promise(() => undefined));
  const { runId } = await service.rig.settle(service.rig.commands.trigger("endless", undefined, 0));
  const controller = new AbortController();
  const waiting = service.call("run.wait", { timerId: "endless", runId }, controller.signal);
  controller.abort(new KronError("KRON_CANCELLED", "Not wanted any more"));
  await refused(waiting, "KRON_CANCELLED");
  is(service.runtime.events.has("run"), false, "nobody listens any more");
});

test.run();
