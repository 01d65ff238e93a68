/**
 * Where pucks are drawn: between two states, and softened after a rollback. When a late input corrects the past, the
 * puck on the screen keeps its place and the error fades within a tenth of a second; the simulation knows nothing of it.
 */
import { PLAYERS_MAX, PUCK, type RumbleState } from '../game/index.js';
import type { ArenaSource } from './arena-source.js';

/** Share of the error that is left after 1/60 s. */
const ERROR_KEPT = 0.84;
/** A larger error is a different story (a missed hit, a new round): drawn at once. In arena units. */
const ERROR_MAX = 130;
/** Further than any puck moves in a frame: it was placed, not moved. */
const JUMP = 60;

/** Drawn positions, by slot. */
export class Smoothing {
  readonly x = new Float64Array(PLAYERS_MAX);
  readonly y = new Float64Array(PLAYERS_MAX);
  readonly #errorX = new Float64Array(PLAYERS_MAX);
  readonly #errorY = new Float64Array(PLAYERS_MAX);
  /** The newest state as it was known at the last drawing. */
  readonly #knownX = new Float64Array(PLAYERS_MAX);
  readonly #knownY = new Float64Array(PLAYERS_MAX);
  readonly #knownVx = new Float64Array(PLAYERS_MAX);
  readonly #knownVy = new Float64Array(PLAYERS_MAX);
  readonly #knownStatus = new Uint8Array(PLAYERS_MAX);
  #knownFrame = -1;

  /** Forgets the past: another match, another round. */
  reset(): void {
    this.#knownFrame = -1;
    this.#errorX.fill(0);
    this.#errorY.fill(0);
  }

  /** Works out the positions to draw now, `elapsedMs` after the last time. */
  update(source: ArenaSource, elapsedMs: number): void {
    const { state, statePrevious, alpha, frameCurrent } = source;
    const kept = ERROR_KEPT ** (elapsedMs / 16.7);
    for (let slot = 0; slot < PLAYERS_MAX; slot++) {
      this.#noteCorrection(source, slot);
      this.#errorX[slot] = (this.#errorX[slot] as number) * kept;
      this.#errorY[slot] = (this.#errorY[slot] as number) * kept;
      const x1 = state.pucks.x[slot] as number;
      const y1 = state.pucks.y[slot] as number;
      let x0 = statePrevious.pucks.x[slot] as number;
      let y0 = statePrevious.pucks.y[slot] as number;
      if (Math.abs(x1 - x0) > JUMP || Math.abs(y1 - y0) > JUMP) {
        x0 = x1;
        y0 = y1;
        this.#errorX[slot] = 0;
        this.#errorY[slot] = 0;
      }
      this.x[slot] = x0 + (x1 - x0) * alpha + (this.#errorX[slot] as number);
      this.y[slot] = y0 + (y1 - y0) * alpha + (this.#errorY[slot] as number);
    }
    this.#remember(state, frameCurrent);
  }

  /** Compares a frame that both then and now is known with where it was then: the difference is a correction. */
  #noteCorrection(source: ArenaSource, slot: number): void {
    const { state, statePrevious, frameCurrent } = source;
    const frames = frameCurrent - this.#knownFrame;
    if (this.#knownFrame < 0 || frames < 0 || frames > 2) return;
    const now = frames === 0 ? state.pucks : statePrevious.pucks;
    if (this.#knownStatus[slot] !== PUCK.standing || now.status[slot] !== PUCK.standing) return;
    // Two frames later the previous one is new to us; one more step of the old motion is a good guess of it.
    const guess = frames === 2 ? 1 : 0;
    const offX =
      (this.#knownX[slot] as number) + (this.#knownVx[slot] as number) * guess - (now.x[slot] as number);
    const offY =
      (this.#knownY[slot] as number) + (this.#knownVy[slot] as number) * guess - (now.y[slot] as number);
    const off = Math.hypot(offX, offY);
    if (off < (guess === 0 ? 0.01 : 2.5) || off > ERROR_MAX) return;
    this.#errorX[slot] = (this.#errorX[slot] as number) + offX;
    this.#errorY[slot] = (this.#errorY[slot] as number) + offY;
  }

  #remember(state: RumbleState, frame: number): void {
    this.#knownFrame = frame;
    const { x, y, vx, vy, status } = state.pucks;
    for (let slot = 0; slot < PLAYERS_MAX; slot++) {
      this.#knownX[slot] = x[slot] as number;
      this.#knownY[slot] = y[slot] as number;
      this.#knownVx[slot] = vx[slot] as number;
      this.#knownVy[slot] = vy[slot] as number;
      this.#knownStatus[slot] = status[slot] as number;
    }
  }
}
