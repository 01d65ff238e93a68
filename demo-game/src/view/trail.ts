/** The ribbon of light behind a puck. */
import type { GameObjects } from 'phaser';

const POINTS_MAX = 22;
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

  /** Notes a place. A puck that was placed elsewhere starts a new ribbon. */
  add(x: number, y: number, elapsedMs: number): void {
    const last = this.#x.length - 1;
    if (last >= 0 && Math.hypot(x - (this.#x[last] as number), y - (this.#y[last] as number)) > 90) this.clear();
    this.#sinceMs += elapsedMs;
    if (this.#sinceMs < STEP_MS && this.#x.length > 1) {
      this.#x[this.#x.length - 1] = x;
      this.#y[this.#y.length - 1] = y;
      return;
    }
    this.#sinceMs %= STEP_MS;
    this.#x.push(x);
    this.#y.push(y);
    if (this.#x.length > POINTS_MAX) {
      this.#x.shift();
      this.#y.shift();
    }
  }

  /** Draws the ribbon from its thin end to the puck. */
  draw(layer: GameObjects.Graphics, { color, power, width }: TrailStyle): void {
    const count = this.#x.length;
    if (power < 0.05) return;
    for (let index = 1; index < count; index++) {
      const x0 = this.#x[index - 1] as number;
      const y0 = this.#y[index - 1] as number;
      const x1 = this.#x[index] as number;
      const y1 = this.#y[index] as number;
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (length < 0.2) continue;
      const nx = (-(y1 - y0) / length) * width;
      const ny = ((x1 - x0) / length) * width;
      const a = (index - 1) / count;
      const b = index / count;
      layer.fillStyle(color, Math.min(1, 0.5 * power) * b * b);
      layer.fillTriangle(x0 + nx * a, y0 + ny * a, x0 - nx * a, y0 - ny * a, x1 + nx * b, y1 + ny * b);
      layer.fillTriangle(x0 - nx * a, y0 - ny * a, x1 - nx * b, y1 - ny * b, x1 + nx * b, y1 + ny * b);
    }
  }
}
