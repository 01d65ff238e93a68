/** Screen shake as "trauma" that decays: strong hits add up, small ones hardly show. Off when motion is to be reduced. */

const DECAY_PER_SECOND = 1.9;

/** How far the camera is off, in screen pixels of a 720-pixel-high view. */
export class Shake {
  x = 0;
  y = 0;
  #trauma = 0;
  #clockMs = 0;
  readonly #reduced: boolean;

  /** @param reduced the player's system asks for reduced motion. */
  constructor(reduced: boolean) {
    this.#reduced = reduced;
  }

  /** Adds 0 to 1 of trauma. */
  add(trauma: number): void {
    if (!this.#reduced) this.#trauma = Math.min(1, this.#trauma + trauma);
  }

  update(elapsedMs: number): void {
    this.#clockMs += elapsedMs;
    this.#trauma = Math.max(0, this.#trauma - (DECAY_PER_SECOND * elapsedMs) / 1000);
    const reach = this.#trauma * this.#trauma * 22;
    const t = this.#clockMs / 1000;
    this.x = reach * (Math.sin(t * 61) + 0.6 * Math.sin(t * 97 + 1));
    this.y = reach * (Math.sin(t * 71 + 2) + 0.6 * Math.sin(t * 89 + 4));
  }
}
