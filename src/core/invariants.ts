/**
 * The invariants of the design that can be seen in a state. Whatever log led there, `checkState` finds nothing;
 * tests hold every entry to that, and `kron doctor` a data directory. Linear in the size of the state.
 */

import { checkHistory } from "./invariants-history.ts";
import { checkRuns, type RunTally } from "./invariants-runs.ts";
import { isDone, Status } from "./outcome.ts";
import type { State } from "./state.ts";
import { isOneShot } from "./timer-kind.ts";

/** What is wrong with a state, in words; empty when nothing is. */
export function checkState(state: State): string[] {
  const problems: string[] = [];
  const tallies = checkRuns(state, problems);
  checkTable(state, problems);
  checkDefinitions(state, problems);
  for (let slot = 0; slot < state.timers.slotCount; slot++) {
    if (state.timers.idOf(slot) === undefined) checkEmptySlot(state, slot, problems);
    else checkTimer(state, slot, tallies.get(slot), problems);
  }
  checkRetired(state, problems);
  checkHistory(state, problems);
  return problems;
}

function checkTable(state: State, problems: string[]): void {
  const { timers } = state;
  let held = 0;
  for (let slot = 0; slot < timers.slotCount; slot++) {
    const id = timers.idOf(slot);
    if (id === undefined) continue;
    held += 1;
    if (timers.slotOf(id) !== slot) problems.push(`timer "${id}" is not found under its id`);
    if (timers.resolve(timers.reference(slot)) !== slot) problems.push(`timer "${id}" is not found by its reference`);
  }
  if (held !== timers.size) problems.push(`${timers.size} timers are counted, ${held} are there`);
  for (const name of ["appliedIndex", "appliedTerm", "recordCount", "atMs"] as const) {
    if (!isCount(state[name])) problems.push(`${name} is ${state[name]}`);
  }
}

function checkDefinitions(state: State, problems: string[]): void {
  const { timers, definitions } = state;
  const users = new Map<number, number>();
  for (let slot = 0; slot < timers.slotCount; slot++) {
    if (timers.idOf(slot) === undefined) continue;
    const number = timers.definition.get(slot);
    users.set(number, (users.get(number) ?? 0) + 1);
  }
  for (const [number, count] of users) {
    const counted = definitions.usersOf(number);
    if (counted !== count) problems.push(`definition ${number} counts ${counted} users and has ${count}`);
  }
  for (const number of definitions.numbers()) {
    if (!users.has(number)) problems.push(`definition ${number} is held for no timer`);
  }
}

function checkEmptySlot(state: State, slot: number, problems: string[]): void {
  const [, ...numbers] = state.timers.numbers(slot);
  if (numbers.some((number) => number !== 0)) problems.push(`slot ${slot} is empty and has numbers left`);
  if (state.timers.payload(slot) !== undefined) problems.push(`slot ${slot} is empty and has a payload left`);
  if (state.history.lengthOf(slot) !== 0) problems.push(`slot ${slot} is empty and has history left`);
}

function checkTimer(state: State, slot: number, tally: RunTally | undefined, problems: string[]): void {
  const { timers } = state;
  const name = `timer "${timers.idOf(slot)}"`;
  for (const number of timers.numbers(slot)) if (!isCount(number)) problems.push(`${name} holds the number ${number}`);
  const { live, running, waiting } = tally ?? { live: 0, running: 0, waiting: 0 };
  const counted = [timers.liveRuns.get(slot), timers.runningRuns.get(slot), timers.waitingRuns.get(slot)];
  if (counted[0] !== live) problems.push(`${name} counts ${counted[0]} live runs and has ${live}`);
  if (counted[1] !== running) problems.push(`${name} counts ${counted[1]} running runs and has ${running}`);
  if (counted[2] !== waiting) problems.push(`${name} counts ${counted[2]} waiting runs and has ${waiting}`);
  if (timers.revision.get(slot) > state.recordCount) problems.push(`${name} was defined by a record yet to come`);
  if (timers.lastOutcome.get(slot) > 5) problems.push(`${name} has no known last outcome`);
  checkStatus(state, slot, name, problems);
  if (state.definitions.usersOf(timers.definition.get(slot)) === 0) problems.push(`${name} has no definition`);
  else checkRule(state, slot, name, problems);
}

function checkStatus(state: State, slot: number, name: string, problems: string[]): void {
  const { timers } = state;
  const status = timers.status.get(slot);
  if (status < Status.ACTIVE || status > Status.CANCELLED) problems.push(`${name} has the unknown status ${status}`);
  if (isDone(status) && timers.nextAtMs.get(slot) !== 0) problems.push(`${name} is done and has a due time`);
  const isRetired = isDone(status) && timers.liveRuns.get(slot) === 0;
  if (isRetired !== state.retired.has(slot)) {
    problems.push(isRetired ? `${name} is done and not among the retired` : `${name} is retired and not done`);
  }
}

/** What the schedule asks of status and due times. */
function checkRule(state: State, slot: number, name: string, problems: string[]): void {
  const { timers } = state;
  const definition = state.definitions.get(timers.definition.get(slot));
  const status = timers.status.get(slot);
  const nextAtMs = timers.nextAtMs.get(slot);
  const isOnce = isOneShot(definition);
  const isEnded = status === Status.COMPLETED || status === Status.DEAD;
  if (isEnded && !isOnce) problems.push(`${name} repeats and is completed or dead`);
  if (nextAtMs === 0) {
    const mayHalt = isDone(status) || timers.liveRuns.get(slot) > 0 || definition.schedule.kind === "cron";
    if (!mayHalt) problems.push(`${name} has neither a due time nor a run that would set one`);
    return;
  }
  const lastMs = timers.lastScheduledAtMs.get(slot);
  const isNew = isOnce ? nextAtMs !== lastMs : nextAtMs > lastMs;
  if (!isNew) problems.push(`${name} is due at ${nextAtMs}, which is not after ${lastMs}`);
}

function checkRetired(state: State, problems: string[]): void {
  const { retired, limits, timers } = state;
  if (retired.size > limits.retiredMax)
    problems.push(`${retired.size} timers are retired, at most ${limits.retiredMax}`);
  for (const slot of retired.keys())
    if (timers.idOf(slot) === undefined) problems.push(`the empty slot ${slot} is retired`);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
