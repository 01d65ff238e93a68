/** The ribbon of light behind a puck. */
import type { GameObjects } from 'phaser';

const POINTS_MAX = 30;
/** Time between two remembered points: the ribbon is as long on a fast screen as on a slow one. */
const STEP_MS = 16;

/** How a ribbon is drawn. */
export interface TrailStyle {
  readonly color: number;
  /** 0 (nothing) to 2 (a dash). */
  readonly power: number;
  /** Half width at the puck, in arena units. */
  readonly width: number;
}

/** Remembers where a puck was and draws it. */
export class Trail {
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  #sinceMs = 0;

  clear(): void {
    this.#x.length = 0;
    this.#y.length = 0;
  }

  /** Notes a place. A puck that was placed elsewhere starts a new ribbon; the steps of a slow screen are filled in. */
  add(x: number, y: number, elapsedMs: number): void {
    const last = this.#x.length - 1;
    const fromX = last >= 0 ? (this.#x[last] as number) : x;
    const fromY = last >= 0 ? (this.#y[last] as number) : y;
    if (Math.hypot(x - fromX, y - fromY) > 90 + elapsedMs) this.clear();
    this.#sinceMs += elapsedMs;
    const steps = Math.floor(this.#sinceMs / STEP_MS);
    this.#sinceMs -= steps * STEP_MS;
    if (steps === 0 && last > 0) {
      this.#x[last] = x;
      this.#y[last] = y;
    }
    for (let step = 1; step <= steps; step++) {
      this.#x.push(fromX + ((x - fromX) * step) / steps);
      this.#y.push(fromY + ((y - fromY) * step) / steps);
    }
    while (this.#x.length > POINTS_MAX) {
      this.#x.shift();
      this.#y.shift();
    }
  }

  /** Draws the ribbon from its thin end to the puck. Neighbouring pieces share their corners, so that bends stay whole. */
  draw(layer: GameObjects.Graphics, { color, power, width }: TrailStyle): void {
    const count = this.#x.length;
    if (power < 0.05 || count < 2) return;
    let leftX = this.#x[0] as number;
    let leftY = this.#y[0] as number;
    let rightX = leftX;
    let rightY = leftY;
    for (let index = 1; index < count; index++) {
      const x = this.#x[index] as number;
      const y = this.#y[index] as number;
      const after = Math.min(count - 1, index + 1);
      const alongX = (this.#x[after] as number) - (this.#x[index - 1] as number);
      const alongY = (this.#y[after] as number) - (this.#y[index - 1] as number);
      const length = Math.hypot(alongX, alongY);
      const share = index / (count - 1);
      const half = length < 0.1 ? 0 : (width * share) / length;
      const nextLeftX = x - alongY * half;
      const nextLeftY = y + alongX * half;
      const nextRightX = x + alongY * half;
      const nextRightY = y - alongX * half;
      layer.fillStyle(color, Math.min(1, 0.8 * power) * share * Math.sqrt(share));
      layer.fillTriangle(leftX, leftY, rightX, rightY, nextLeftX, nextLeftY);
      layer.fillTriangle(rightX, rightY, nextRightX, nextRightY, nextLeftX, nextLeftY);
      [leftX, leftY, rightX, rightY] = [nextLeftX, nextLeftY, nextRightX, nextRightY];
    }
  }
}
