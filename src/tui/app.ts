/** The loop: what comes in becomes events, events change the model, and the model is shown, ten times a second at most. */

import type { Zone } from "../core/zone.ts";
import type { CancelWait, Clock } from "../ports.ts";
import { Feeder } from "./feeder.ts";
import { type Input, KeyDecoder } from "./keys.ts";
import { layout } from "./layout/layout.ts";
import type { Row } from "./layout/row.ts";
import type { TuiEvent } from "./model/event.ts";
import { type Effect, initialModel, type Model } from "./model/model.ts";
import { update } from "./model/update.ts";
import { wantsOf } from "./model/wants.ts";
import type { Screen } from "./screen.ts";
import type { Source } from "./source.ts";

/** What the app is made of. */
export interface TuiOptions {
  readonly clock: Clock;
  readonly zone: Zone;
  readonly screen: Screen;
  readonly connect: () => Promise<Source>;
  /** Stops the process as Ctrl-Z does, and returns when it goes on; not there where there is no such thing. */
  readonly suspend?: (() => Promise<void>) | undefined;
}

const frameMs = 100;
/** What was typed is shown sooner. */
const typedMs = 30;
const tickMs = 1_000;
/** An escape by itself is the key when nothing follows it for so long; over slow lines sequences come in pieces. */
const escapeMs = 60;

/** The app. */
export class Tui {
  readonly #options: TuiOptions;
  readonly #feeder: Feeder;
  readonly #decoder = new KeyDecoder();
  #model: Model;
  #shown: readonly Row[] = [];
  #cancelFrame: CancelWait | undefined;
  #frameDueMs = Number.POSITIVE_INFINITY;
  #lastFrameMs = Number.NEGATIVE_INFINITY;
  #cancelTick: CancelWait | undefined;
  #cancelEscape: CancelWait | undefined;
  #isOver = false;
  #whenOver: () => void = () => undefined;

  constructor(options: TuiOptions) {
    const { clock, zone, screen, connect } = options;
    this.#options = options;
    this.#model = initialModel(zone, clock.nowMs(), screen.columns, screen.rows);
    this.#feeder = new Feeder({ clock, connect, dispatch: (event) => this.dispatch(event) });
  }

  /** Shows the runtime behind `source` until it is left. The terminal is given back before it resolves. */
  async run(source: Source): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#whenOver = resolve;
    });
    this.#enter();
    this.#feeder.start(source);
    this.#tick();
    await over;
    await this.#feeder.stop();
  }

  /** Gives the terminal back, and ends. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const cancel of [this.#cancelFrame, this.#cancelTick, this.#cancelEscape]) cancel?.();
    this.#options.screen.leave();
    this.#whenOver();
  }

  /** Takes an event. */
  dispatch(event: TuiEvent, delayMs = frameMs): void {
    if (this.#isOver) return;
    const { model, effects } = update(this.#model, event);
    const isChanged = model !== this.#model;
    // Whoever waits for the first figures has waited long enough.
    const isFirst = model.stats !== undefined && this.#model.stats === undefined;
    this.#model = model;
    for (const effect of effects) this.#do(effect);
    if (!isChanged || this.#isOver) return;
    this.#feeder.want(wantsOf(model));
    this.#showWithin(isFirst ? 0 : delayMs);
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case "quit":
        this.stop();
        break;
      case "suspend":
        void this.#suspend();
        break;
      default:
        void this.#feeder.act(effect.action);
    }
  }

  #enter(): void {
    const { screen } = this.#options;
    const resized = (): void => this.dispatch({ kind: "resize", columns: screen.columns, rows: screen.rows });
    screen.enter((text) => this.#typed(text), resized);
    this.#showWithin(0);
  }

  async #suspend(): Promise<void> {
    const { suspend, screen } = this.#options;
    if (suspend === undefined) return;
    screen.leave();
    await suspend();
    if (this.#isOver) return;
    this.#enter();
    this.dispatch({ kind: "resize", columns: screen.columns, rows: screen.rows }, 0);
  }

  #tick(): void {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    this.dispatch({ kind: "tick", nowMs });
    // With the seconds of the clock, so that what counts down does so evenly.
    this.#cancelTick = clock.wakeAfter(tickMs - (nowMs % tickMs), () => this.#tick());
  }

  #typed(text: string): void {
    this.#cancelEscape?.();
    this.#take(this.#decoder.push(text));
    if (!this.#decoder.isWaiting || this.#isOver) return;
    this.#cancelEscape = this.#options.clock.wakeAfter(escapeMs, () => this.#take(this.#decoder.flush()));
  }

  #take(inputs: readonly Input[]): void {
    for (const input of inputs) {
      if (input.kind === "key") this.dispatch({ kind: "key", key: input.key }, typedMs);
      else if (input.kind === "click") this.#clicked(input.column, input.row);
      else this.#pasted(input.text);
    }
  }

  /** Only into a line that is being typed: elsewhere each letter of it would do something. */
  #pasted(text: string): void {
    for (const key of text.replace(/[\r\n].*/s, "")) {
      const { kind } = this.#model.overlay;
      if (kind === "filter" || kind === "palette") this.dispatch({ kind: "key", key }, typedMs);
    }
  }

  #clicked(column: number, row: number): void {
    const hits = this.#shown[row]?.hits ?? [];
    const found = hits.find(([from, to]) => column >= from && column < to);
    if (found !== undefined) this.dispatch({ kind: "hit", hit: found[2] }, typedMs);
  }

  #showWithin(delayMs: number): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const atMs = Math.max(nowMs, this.#lastFrameMs + delayMs);
    if (atMs >= this.#frameDueMs) return;
    this.#cancelFrame?.();
    this.#frameDueMs = atMs;
    this.#cancelFrame = clock.wakeAfter(atMs - nowMs, () => this.#show());
  }

  #show(): void {
    const { clock, screen } = this.#options;
    this.#frameDueMs = Number.POSITIVE_INFINITY;
    this.#lastFrameMs = clock.monotonicMs();
    this.#shown = layout(this.#model, this.#model.columns, this.#model.rows);
    screen.show(this.#shown);
  }
}
