/** The arena as a whole: platform, pucks, light, and what each cue looks like. Reads states, never changes them. */
import { BlendModes, type GameObjects, type Scene } from 'phaser';
import {
  type Cue,
  PLAYERS_MAX,
  PUCK,
  PUCK_RADIUS,
  type RumbleEffects,
  type RumbleState,
} from '../game/index.js';
import { type ArenaSource, type Seat, seatLivery } from './arena-source.js';
import { mix, PLACE } from './palette.js';
import { DEPTH, PlatformView } from './platform-view.js';
import { PuckView } from './puck-view.js';
import { Shake } from './shake.js';
import { Smoothing } from './smoothing.js';
import { Sparks } from './sparks.js';
import type { FloorLight } from './tile-floor.js';

/** How the arena is framed this time. */
export interface Framing {
  /** Canvas pixels per arena unit, and per pixel of the page. */
  readonly zoom: number;
  readonly density: number;
}

/** Everything between the background and the HUD. */
export class ArenaView {
  readonly shake: Shake;
  /** Drawn platform radius, interpolated. */
  radius = 0;
  readonly #platform: PlatformView;
  readonly #pucks: PuckView[] = [];
  readonly #sparks: Sparks;
  readonly #trails: GameObjects.Graphics;
  readonly #gauges: GameObjects.Graphics;
  readonly #smoothing = new Smoothing();
  #seats: readonly Seat[] = [];
  #radiusStart = 0;
  #round = -1;

  constructor(scene: Scene, options: { readonly fine: boolean; readonly reducedMotion: boolean }) {
    this.shake = new Shake(options.reducedMotion);
    this.#platform = new PlatformView(scene, options.fine);
    this.#trails = scene.add.graphics().setDepth(DEPTH.trails).setBlendMode(BlendModes.ADD);
    this.#gauges = scene.add.graphics().setDepth(DEPTH.gauges);
    this.#sparks = new Sparks(scene);
    for (let slot = 0; slot < PLAYERS_MAX; slot++) this.#pucks.push(new PuckView(scene, slot));
  }

  /** Begins to draw another match. */
  begin(seats: readonly Seat[]): void {
    this.#seats = seats;
    for (const [slot, puck] of this.#pucks.entries()) puck.dress(seats[slot]);
    this.#smoothing.reset();
    this.#sparks.clear();
    this.#round = -1;
  }

  /** Draws the moment. */
  update(source: ArenaSource, elapsedMs: number, framing: Framing): void {
    const { state, statePrevious, alpha } = source;
    this.#smoothing.update(source, elapsedMs);
    if (state.round !== this.#round || state.radiusStart !== this.#radiusStart) {
      this.#round = state.round;
      this.#radiusStart = state.radiusStart;
      this.#platform.floor.restore(state.radiusStart);
    }
    const steady = Math.abs(state.radius - statePrevious.radius) < 20;
    this.radius = steady
      ? statePrevious.radius + (state.radius - statePrevious.radius) * alpha
      : state.radius;
    this.#platform.update(state, this.radius, { lights: this.#lights(state), elapsedMs });
    this.#trails.clear();
    this.#gauges.clear();
    for (let slot = 0; slot < PLAYERS_MAX; slot++) {
      const x = this.#smoothing.x[slot] as number;
      const y = this.#smoothing.y[slot] as number;
      const absent = source.session?.slots[slot] === 'substituted';
      const layers = { gauges: this.#gauges, trails: this.#trails, absent };
      this.#pucks[slot]?.update(state, { x, y, elapsedMs, ...framing, ...layers });
    }
    this.#sparks.update(elapsedMs);
    this.shake.update(elapsedMs);
  }

  #lights(state: RumbleState): readonly FloorLight[] {
    const lights: FloorLight[] = [];
    for (let slot = 0; slot < PLAYERS_MAX; slot++) {
      if (state.pucks.status[slot] !== PUCK.standing) continue;
      const x = this.#smoothing.x[slot] as number;
      const y = this.#smoothing.y[slot] as number;
      const dashing = (state.pucks.dashFrames[slot] as number) > 0;
      lights.push({ x, y, color: seatLivery(this.#seats, slot).color, strength: dashing ? 1.1 : 0.72 });
    }
    return lights;
  }

  /** Shows what a step announced. */
  show(cue: Cue): void {
    if (cue.name === 'dash') this.#showDash(cue.data);
    else if (cue.name === 'hit') this.#showHit(cue.data);
    else if (cue.name === 'fall') this.#showFall(cue.data);
    else if (cue.name === 'gone') this.#showGone(cue.data);
    else if (cue.name === 'warning') this.shake.add(0.12);
    else if (cue.name === 'shrink') this.shake.add(0.38);
    else if (cue.name === 'go') this.#platform.floor.ripple(0, 0, PLACE.rim, 0.9);
    else if (cue.name === 'round-won') this.#showWinner(cue.data.slot, 1);
    else if (cue.name === 'match-won') this.#showWinner(cue.data.slot, 3);
  }

  #color(slot: number): number {
    return seatLivery(this.#seats, slot).color;
  }

  #showDash({ slot, heading, x, y }: RumbleEffects['dash']): void {
    const color = this.#color(slot);
    const angle = (heading / 16) * Math.PI * 2 + Math.PI;
    this.#sparks.burst({ x, y, color, count: 16, speed: 520, angle, spread: 0.5, lifeMs: 380 });
    this.#sparks.shock({
      x,
      y,
      color,
      fromRadius: PUCK_RADIUS * 0.9,
      toRadius: PUCK_RADIUS * 2.3,
      lifeMs: 340,
    });
    this.#platform.floor.ripple(x, y, color, 0.35);
  }

  #showHit({ a, b, x, y, nx, ny, impulse, dash }: RumbleEffects['hit']): void {
    const power = Math.min(1, impulse / 15);
    const along = Math.atan2(ny, nx);
    const count = Math.round(5 + 20 * power);
    for (const [slot, angle] of [[a, along + Math.PI / 2] as const, [b, along - Math.PI / 2] as const]) {
      const color = mix(this.#color(slot), 0xffffff, 0.3);
      this.#sparks.burst({
        x,
        y,
        color,
        count,
        speed: 260 + 620 * power,
        angle,
        spread: 0.7,
        lifeMs: 300 + 320 * power,
      });
      this.#pucks[slot]?.punch(0.25 + 0.75 * power);
    }
    const color = mix(mix(this.#color(a), this.#color(b), 0.5), 0xffffff, 0.25);
    this.#sparks.shock({ x, y, color, fromRadius: 6, toRadius: 34 + 90 * power, lifeMs: 260 + 220 * power });
    if (power > 0.35) this.#platform.floor.ripple(x, y, color, 0.25 + 0.75 * power);
    this.shake.add((dash ? 0.16 : 0.05) + 0.4 * power * power);
  }

  #showFall({ slot, x, y }: RumbleEffects['fall']): void {
    const color = this.#color(slot);
    const angle = Math.atan2(y, x);
    this.#sparks.burst({ x, y, color, count: 34, speed: 900, angle, spread: 1.25, lifeMs: 760, size: 1.3 });
    this.#sparks.burst({ x, y, color, count: 12, speed: 420, angle, spread: 1.5, lifeMs: 900, shards: true });
    this.#sparks.shock({
      x,
      y,
      color: mix(color, 0xffffff, 0.4),
      fromRadius: 12,
      toRadius: 190,
      lifeMs: 640,
    });
    this.#sparks.shock({ x, y, color, fromRadius: 4, toRadius: 90, lifeMs: 420 });
    this.#platform.flash(color);
    this.#platform.floor.ripple(x, y, color, 1);
    this.shake.add(0.5);
  }

  #showGone({ slot, x, y }: RumbleEffects['gone']): void {
    const color = this.#color(slot);
    this.#sparks.burst({ x, y, color, count: 26, speed: 300, lifeMs: 700 });
    this.#sparks.shock({ x, y, color, fromRadius: PUCK_RADIUS, toRadius: 3, lifeMs: 420 });
  }

  #showWinner(slot: number, times: number): void {
    const x = this.#smoothing.x[slot] as number;
    const y = this.#smoothing.y[slot] as number;
    const color = this.#color(slot);
    for (let ring = 0; ring < times; ring++) {
      const toRadius = 150 + ring * 90;
      this.#sparks.shock({ x, y, color, fromRadius: PUCK_RADIUS, toRadius, lifeMs: 900 + ring * 300 });
    }
    this.#sparks.burst({ x, y, color, count: 22 * times, speed: 420, lifeMs: 1100, size: 1.2 });
    this.#platform.floor.ripple(x, y, color, 0.8);
  }
}
