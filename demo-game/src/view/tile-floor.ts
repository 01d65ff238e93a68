/**
 * The floor: hexagons that light up under pucks, ripple when pucks collide, glow red before they go, and break off
 * when the platform gives way. Drawing only; where the platform really ends is the rim of platform-view.ts.
 */
import type { GameObjects, Scene } from 'phaser';
import { mix, PLACE } from './palette.js';
import { PICTURE } from './textures.js';

/** Centre to corner of a hexagon, in arena units. */
const TILE_RADIUS = 17;
const TILE_WIDTH = TILE_RADIUS * Math.sqrt(3);
/** How far a puck lights the floor. */
const LIGHT_REACH = 92;
const RIPPLE_SPEED = 0.52;
const RIPPLE_WIDTH = 46;
const RIPPLE_MS = 900;
const BREAK_MS = 900;

/** Something that lights the floor. */
export interface FloorLight {
  readonly x: number;
  readonly y: number;
  readonly color: number;
  /** 0 to about 1.5. */
  readonly strength: number;
}

/** What the floor needs to know of the moment. */
export interface FloorMoment {
  readonly radius: number;
  /** Tiles beyond this radius are about to go; equal to `radius` when nothing is coming. */
  readonly nextRadius: number;
  /** 0 to 1: how loudly those tiles warn now. */
  readonly alarm: number;
  readonly lights: readonly FloorLight[];
}

interface Tile {
  readonly image: GameObjects.Image;
  readonly x: number;
  readonly y: number;
  readonly distance: number;
  /** Variation of brightness, so that the floor is not a wallpaper. */
  readonly grain: number;
  /** Milliseconds since it broke off; negative while it holds. */
  brokenMs: number;
  spin: number;
}

interface Ripple {
  readonly x: number;
  readonly y: number;
  readonly color: number;
  readonly strength: number;
  ageMs: number;
}

/** All tiles of the floor. */
export class TileFloor {
  readonly #tiles: Tile[] = [];
  readonly #ripples: Ripple[] = [];

  constructor(scene: Scene, radiusMax: number, depth: number) {
    const rows = Math.ceil(radiusMax / (TILE_RADIUS * 1.5));
    for (let row = -rows; row <= rows; row++) {
      const columns = Math.ceil(radiusMax / TILE_WIDTH) + 1;
      for (let column = -columns; column <= columns; column++) {
        const x = (column + (row & 1) / 2) * TILE_WIDTH;
        const y = row * TILE_RADIUS * 1.5;
        const distance = Math.hypot(x, y);
        if (distance < radiusMax) this.#add(scene, { x, y, distance, depth });
      }
    }
  }

  #add(scene: Scene, at: { x: number; y: number; distance: number; depth: number }): void {
    const image = scene.add.image(at.x, at.y, PICTURE.tile).setDepth(at.depth);
    const noise = Math.abs(Math.sin(at.x * 12.9898 + at.y * 78.233) * 43758.5453) % 1;
    const grain = 0.7 + 0.35 * noise;
    this.#tiles.push({ image, x: at.x, y: at.y, distance: at.distance, grain, brokenMs: -1, spin: 0 });
  }

  /** Puts all tiles within `radius` back. */
  restore(radius: number): void {
    for (const tile of this.#tiles) {
      tile.brokenMs = tile.distance < radius - TILE_RADIUS * 0.55 ? -1 : BREAK_MS;
    }
  }

  /** A wave of light from (x, y). */
  ripple(x: number, y: number, color: number, strength: number): void {
    if (this.#ripples.length > 8) this.#ripples.shift();
    this.#ripples.push({ x, y, color, strength, ageMs: 0 });
  }

  /** Draws the moment, `elapsedMs` after the last one. */
  update(moment: FloorMoment, elapsedMs: number): void {
    for (const ripple of this.#ripples) ripple.ageMs += elapsedMs;
    while ((this.#ripples[0]?.ageMs ?? 0) > RIPPLE_MS) this.#ripples.shift();
    for (const tile of this.#tiles) {
      if (tile.brokenMs < 0 && tile.distance > moment.radius - TILE_RADIUS * 0.55) {
        tile.brokenMs = 0;
        tile.spin = Math.sin(tile.x * 3.1 + tile.y) * 0.006;
      }
      if (tile.brokenMs < 0) this.#light(tile, moment);
      else breakOff(tile, elapsedMs);
    }
  }

  #light(tile: Tile, moment: FloorMoment): void {
    let red = 0;
    let green = 0;
    let blue = 0;
    const shine = (color: number, strength: number): void => {
      red += ((color >> 16) & 255) * strength;
      green += ((color >> 8) & 255) * strength;
      blue += (color & 255) * strength;
    };
    const base = mix(PLACE.tile, 0x3a4cab, Math.max(0, 1 - tile.distance / 300));
    const alarmed = moment.alarm > 0 && tile.distance > moment.nextRadius - TILE_RADIUS * 0.5;
    shine(base, alarmed ? tile.grain * (1 - 0.7 * moment.alarm) : tile.grain);
    for (const light of moment.lights) {
      const near = 1 - Math.hypot(light.x - tile.x, light.y - tile.y) / LIGHT_REACH;
      if (near > 0) shine(light.color, near * near * light.strength);
    }
    for (const ripple of this.#ripples) {
      const front = ripple.ageMs * RIPPLE_SPEED;
      const off = Math.abs(Math.hypot(ripple.x - tile.x, ripple.y - tile.y) - front) / RIPPLE_WIDTH;
      if (off < 1) shine(ripple.color, (1 - off) * ripple.strength * (1 - ripple.ageMs / RIPPLE_MS));
    }
    if (alarmed) shine(PLACE.warning, moment.alarm);
    const tint = (Math.min(255, red) << 16) | (Math.min(255, green) << 8) | Math.min(255, blue);
    const brightness = Math.min(1, (red + green + blue) / 420);
    tile.image
      .setVisible(true)
      .setPosition(tile.x, tile.y)
      .setRotation(0)
      .setScale((TILE_RADIUS * 2) / 60)
      .setTint(tint)
      .setAlpha(0.55 + 0.45 * brightness);
  }
}

function breakOff(tile: Tile, elapsedMs: number): void {
  tile.brokenMs += elapsedMs;
  const t = tile.brokenMs / BREAK_MS;
  if (t >= 1) {
    tile.image.setVisible(false);
    return;
  }
  const outwards = 1 + (t * 26) / (tile.distance + 1);
  tile.image
    .setPosition(tile.x * outwards, tile.y * outwards + t * t * 70)
    .setRotation(tile.spin * tile.brokenMs)
    .setScale(((TILE_RADIUS * 2) / 60) * (1 - 0.7 * t))
    .setTint(mix(0xff8a5c, PLACE.warning, t))
    .setAlpha((1 - t) ** 1.5);
}
