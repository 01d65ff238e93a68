/**
 * The timeline of one match: which frames are simulated, which are confirmed, where it went wrong. Has own inputs
 * read, rolls back to the first wrong frame and steps what is due, within the prediction window and a budget of steps.
 */
import type { MatchClock } from './match-clock.js';
import { OwnInputs } from './own-inputs.js';
import type { SessionSetup } from './session-setup.js';
import { Simulation, type SimulationOptions } from './simulation.js';
import { NO_FRAME, type SlotControl, type SlotLog } from './slot-log.js';

/** States that a watcher keeps behind its newest one: two seconds. */
const WATCHER_STATES_KEPT = 120;
/** States that a player keeps beyond its window: as far as it may go back when it learns that it was substituted. */
const LATE_STATES_KEPT = 32;

function statesKept<S, I>({ ownLogs, joins, substitutes }: SessionSetup<S, I>): number {
  if (ownLogs.length === 0 && !joins) return WATCHER_STATES_KEPT;
  return substitutes || joins ? LATE_STATES_KEPT : 0;
}

/** What one advance did; reused. */
export interface StepReport {
  framesStepped: number;
  framesResimulated: number;
  stalled: boolean;
}

/** What a timeline tells and asks. */
export interface TimelineOptions<S, I> {
  readonly setup: SessionSetup<S, I>;
  readonly readInput: (slot: number, frame: number) => I;
  readonly onCapture: (frame: number) => void;
  readonly onRollback: (depthFrames: number) => void;
  /** Confirmed frames were taken back: only a peer that had no vote sees it. */
  readonly onRewound: (fromFrame: number, toFrame: number) => void;
  readonly onClamped: (slot: number, frame: number, field: string) => void;
  readonly onWarning: SimulationOptions<S, I>['onWarning'];
}

/** The frames of one match on one peer. */
export class Timeline<S, I> {
  readonly simulation: Simulation<S, I>;
  readonly ownInputs: OwnInputs<I>;
  readonly report: StepReport = { framesStepped: 0, framesResimulated: 0, stalled: false };
  readonly #options: TimelineOptions<S, I>;
  readonly #logs: readonly SlotLog[];
  readonly #windowFrames: number;
  /** Newest frame simulated with everybody's true inputs. */
  frameConfirmed = 0;
  /** Frame of the state that this peer began with: no earlier one was confirmed here. */
  frameStart = 0;
  /** What the frames after this one were stepped with is known here. */
  inputsStart = 0;
  /** No frame beyond this is confirmed: set while an agreement on what happens after it is under way. */
  confirmLimit: number = NO_FRAME;
  /** When this frame is confirmed, `onCapture` is called: its state is still kept then. */
  captureAt: number = NO_FRAME;
  /** No frame beyond this is stepped: the match pauses there. */
  pausedAt: number = NO_FRAME;
  /** Newest frame ever simulated. */
  #frameHighest = 0;
  /** First simulated frame whose input turned out different. */
  #firstWrong = NO_FRAME;

  constructor(options: TimelineOptions<S, I>) {
    const { setup } = options;
    this.#options = options;
    this.#logs = setup.logs;
    this.#windowFrames = setup.predictionFramesMax;
    this.ownInputs = new OwnInputs({
      input: setup.game.input,
      ownLogs: setup.ownLogs,
      inputDelayFrames: setup.inputDelayFrames,
      readInput: options.readInput,
      onClamped: options.onClamped,
    });
    this.simulation = new Simulation({
      game: setup.game,
      seed: setup.seed,
      options: setup.options,
      logs: setup.logs,
      predictionFramesMax: setup.predictionFramesMax,
      // A watcher's confirmed frames may be retracted back to the final one: it keeps their states.
      statesKept: statesKept(setup),
      playerCount: setup.playerCount,
      isBlank: setup.joins,
      lostBot: setup.lostBot,
      lateInput: setup.lateInput,
      onWarning: options.onWarning,
    });
  }

  /** Goes on from the state that the simulation was given; false if it is not the one with this hash. */
  startAt(frame: number, hash: number): boolean {
    this.frameConfirmed = frame;
    this.frameStart = frame;
    this.#frameHighest = frame;
    return this.simulation.frame === frame && this.simulation.hashOf(frame) === hash;
  }

  /** Highest frame for which every active slot's true input is here. */
  get receivedByAll(): number {
    const logs = this.#logs;
    let least = NO_FRAME;
    for (let slot = 0; slot < logs.length; slot += 1) {
      const log = logs[slot] as SlotLog;
      if (log.isActive && log.received < least) least = log.received;
    }
    return least;
  }

  /** Highest frame that may be confirmed: every active slot's input is here, and no agreement under way may change it. */
  get known(): number {
    const received = this.receivedByAll;
    return received < this.confirmLimit ? received : this.confirmLimit;
  }

  /** A simulated frame was stepped with an input that turned out different. */
  noteWrong(frame: number): void {
    if (frame < this.#firstWrong) this.#firstWrong = frame;
  }

  /** Starts one advance: confirms what arrivals made certain. */
  begin(): void {
    this.report.framesStepped = 0;
    this.report.framesResimulated = 0;
    this.report.stalled = false;
    // Frames that were taken back are undone at once, also while the match waits.
    if (this.simulation.frame - this.frameConfirmed > this.#windowFrames) this.rollBack();
    const { known } = this;
    const right = this.#firstWrong - 1;
    const simulated = this.simulation.frame;
    this.#confirmUpTo(
      known < right ? (known < simulated ? known : simulated) : right < simulated ? right : simulated,
    );
  }

  #confirmUpTo(frame: number): void {
    while (this.frameConfirmed < frame) {
      this.frameConfirmed += 1;
      this.simulation.confirm(this.frameConfirmed);
      if (this.frameConfirmed === this.captureAt) this.#options.onCapture(this.frameConfirmed);
    }
  }

  /** Goes back before the first wrong frame, if there is one. */
  rollBack(): void {
    const wrong = this.#firstWrong;
    if (wrong === NO_FRAME) return;
    this.#firstWrong = NO_FRAME;
    if (wrong > this.simulation.frame) return;
    this.#options.onRollback(this.simulation.frame - wrong + 1);
    this.simulation.rollbackTo(wrong - 1);
  }

  /** Steps the frames that are due: first those that a rollback undid, then new ones. */
  stepDue(clock: MatchClock, stepsMax: number): void {
    const { simulation, report } = this;
    const due = clock.frameDue < this.pausedAt ? clock.frameDue : this.pausedAt;
    for (let steps = 0; steps < stepsMax && simulation.frame < due; steps += 1) {
      const frame = simulation.frame + 1;
      this.ownInputs.readFor(frame);
      const { known } = this;
      if (frame - known > this.#windowFrames) {
        report.stalled = true;
        clock.holdAt(simulation.frame);
        return;
      }
      this.#step();
      if (frame > this.#frameHighest) {
        this.#frameHighest = frame;
        report.framesStepped += 1;
      } else {
        report.framesResimulated += 1;
      }
      if (frame <= known) this.#confirmUpTo(frame);
    }
  }

  #step(): void {
    try {
      this.simulation.step();
    } catch (error) {
      // The game's own bug: leave a whole state behind, then let the caller see it.
      this.simulation.restoreAfterThrow();
      throw error;
    }
  }

  /**
   * Ends the owner's inputs of a slot at `cut`; from the next frame on, `control` plays. Inputs up to there are staged in
   * the log's cells; frames that were simulated with others, or beyond, are stepped again. Only a peer that did not vote
   * can have confirmed more: it goes back.
   * @returns false if the state to go back to is no longer kept
   */
  endInputs(log: SlotLog, cut: number, control: SlotControl): boolean {
    while (log.received < cut) {
      log.received += 1;
      if (log.received <= this.simulation.frame && !log.wasUsed(log.received)) this.noteWrong(log.received);
    }
    log.received = cut;
    log.firstHand = cut;
    log.limit = cut;
    log.change(cut + 1, control);
    return this.#changedFrom(cut + 1);
  }

  /**
   * From `frame` on, which no voter has confirmed, `control` plays a slot.
   * @returns false if the state to go back to is no longer kept
   */
  schedule(log: SlotLog, frame: number, control: SlotControl, owner: number = log.owner): boolean {
    if (control === 'owner') log.reopen(frame, owner);
    else log.change(frame, control);
    return this.#changedFrom(frame);
  }

  /**
   * `frame` and those after it wait until all agree to go on. What was played of them ahead of time is taken back, so that all
   * stand at the same frame.
   * @returns false if the state to go back to is no longer kept
   */
  pauseBefore(frame: number): boolean {
    this.pausedAt = frame - 1;
    return this.#changedFrom(frame);
  }

  #changedFrom(frame: number): boolean {
    const simulated = this.simulation.frame;
    if (frame <= simulated) this.noteWrong(frame);
    if (this.frameConfirmed >= frame) {
      this.#options.onRewound(this.frameConfirmed, frame - 1);
      this.frameConfirmed = frame - 1;
    }
    return this.simulation.keeps(Math.min(frame - 1, simulated));
  }
}
