/** The platform: a slab with a lit face, a neon rim exactly where the rules end it, and a rim that warns. */
import { BlendModes, type GameObjects, type Scene } from 'phaser';
import {
  PHASE,
  PLAYERS_MAX,
  platformOutlook,
  type RumbleState,
  startRadius,
  WARNING_FRAMES,
} from '../game/index.js';
import { mix, PLACE } from './palette.js';
import { PICTURE, RIM_RADIUS, SLAB } from './textures.js';
import { type FloorLight, TileFloor } from './tile-floor.js';

/** Drawing order of the arena, from back to front. */
export const DEPTH = {
  fallingBehind: 2,
  slab: 4,
  floor: 6,
  tiles: 7,
  emblem: 8,
  rim: 9,
  trails: 10,
  shadows: 11,
  glow: 12,
  pucks: 14,
  gauges: 16,
  sparks: 18,
  names: 20,
} as const;

/** Draws the platform of a state. */
export class PlatformView {
  readonly floor: TileFloor;
  readonly #slab: GameObjects.Image;
  /** Only in a fine picture; else it is painted into the slab. */
  readonly #glow: GameObjects.Image | undefined;
  readonly #rim: GameObjects.Graphics;
  readonly #emblem: GameObjects.Graphics;
  #clockMs = 0;
  /** Brightens the rim for a moment, in the colour of whoever fell. */
  #flash = 0;
  #flashColor = 0xffffff;

  constructor(scene: Scene, fine: boolean) {
    this.#slab = scene.add.image(0, 0, PICTURE.slab).setDepth(DEPTH.slab);
    this.#slab.setOrigin(SLAB.centreX / SLAB.size, SLAB.centreY / SLAB.size);
    if (fine)
      this.#glow = scene.add.image(0, 0, PICTURE.rim).setDepth(DEPTH.rim).setBlendMode(BlendModes.ADD);
    this.floor = new TileFloor(scene, startRadius(PLAYERS_MAX), DEPTH.tiles);
    this.#emblem = scene.add.graphics().setDepth(DEPTH.emblem).setBlendMode(BlendModes.ADD);
    this.#rim = scene.add.graphics().setDepth(DEPTH.rim).setBlendMode(BlendModes.ADD);
    // Phaser cuts a circle into hundreds of pieces; shorter than this they only make the line rough.
    this.#rim.pathDetailThreshold = 5;
  }

  /** Lights up the rim, as when somebody goes over it. */
  flash(color: number): void {
    this.#flash = 1;
    this.#flashColor = color;
  }

  /** Draws the platform with `radius`, `elapsedMs` after the last time. */
  update(
    state: RumbleState,
    radius: number,
    drawing: { lights: readonly FloorLight[]; elapsedMs: number },
  ): void {
    const { lights, elapsedMs } = drawing;
    this.#clockMs += elapsedMs;
    this.#flash *= 0.94 ** (elapsedMs / 16.7);
    const outlook = platformOutlook(state.phase === PHASE.play ? state.phaseFrames : 0);
    const danger = state.phase === PHASE.play && (outlook.mood === 'warning' || outlook.mood === 'shrinking');
    const urgency = outlook.mood === 'shrinking' ? 1 : 1 - outlook.framesLeft / WARNING_FRAMES;
    const pulse = danger
      ? (0.55 + 0.45 * Math.sin(this.#clockMs / (90 - 40 * urgency))) * (0.45 + 0.55 * urgency)
      : 0;
    const nextRadius = danger ? state.radiusStart * outlook.nextFraction : radius;
    this.floor.update({ radius, nextRadius, alarm: pulse, lights }, elapsedMs);
    this.#slab.setVisible(radius > 1).setScale(radius / SLAB.radius);
    const color = mix(
      mix(PLACE.rim, PLACE.warning, danger ? 0.35 + 0.65 * pulse : 0),
      this.#flashColor,
      this.#flash,
    );
    this.#drawRim(radius, color, 1 + 0.6 * this.#flash + 0.5 * pulse);
    if (danger && outlook.mood === 'warning' && nextRadius > 4) this.#drawNextRim(nextRadius, pulse);
    this.#drawEmblem(radius);
  }

  #drawRim(radius: number, color: number, power: number): void {
    const rim = this.#rim.clear();
    const size = (radius * 2) / RIM_RADIUS;
    this.#glow
      ?.setVisible(radius > 1)
      .setDisplaySize(size, size)
      .setTint(color)
      .setAlpha(Math.min(1, 0.62 * power));
    if (radius < 1) return;
    rim.lineStyle(3.4, mix(color, 0xffffff, 0.25), 1).strokeCircle(0, 0, radius);
    rim.lineStyle(1.4, mix(color, 0xffffff, 0.8), 1).strokeCircle(0, 0, radius);
  }

  /** Where the rim will be: a broken line. */
  #drawNextRim(radius: number, pulse: number): void {
    const parts = 40;
    this.#rim.lineStyle(2.5, PLACE.warning, 0.35 + 0.65 * pulse);
    for (let part = 0; part < parts; part++) {
      const from = (part / parts) * Math.PI * 2 + this.#clockMs / 4000;
      this.#rim.beginPath();
      this.#rim.arc(0, 0, radius, from, from + (Math.PI / parts) * 1.1);
      this.#rim.strokePath();
    }
  }

  /** Two slow rings in the middle, as a face for an empty floor. */
  #drawEmblem(radius: number): void {
    const emblem = this.#emblem.clear();
    const size = Math.min(64, radius * 0.5);
    if (size < 6) return;
    emblem.lineStyle(2, PLACE.rim, 0.34).strokeCircle(0, 0, size);
    emblem.lineStyle(1.5, PLACE.rim, 0.2).strokeCircle(0, 0, size * 0.42);
    for (let part = 0; part < 3; part++) {
      const from = (part / 3) * Math.PI * 2 + this.#clockMs / 2600;
      emblem.lineStyle(5, PLACE.rim, 0.4).beginPath();
      emblem.arc(0, 0, size * 0.8, from, from + 1.1);
      emblem.strokePath();
    }
  }
}
