/** Every picture of the game, painted once at start: there are no image files. White ones are tinted where they are used. */
import type { Scene } from 'phaser';
import { PUCK_RADIUS } from '../game/index.js';
import { traceMark } from './marks.js';
import { css, LIVERIES, type Livery, mix } from './palette.js';
import { paintSky } from './sky.js';

/** Pixels per arena unit in the puck pictures: enough for a zoomed-in arena on a dense screen. */
export const PUCK_PIXELS_PER_UNIT = 4;

/** Keys of the pictures. */
export const PICTURE = {
  glow: 'glow',
  disc: 'disc',
  ring: 'ring',
  spark: 'spark',
  shard: 'shard',
  tile: 'tile',
  chevron: 'chevron',
  brace: 'brace',
  star: 'star',
  slab: 'slab',
  rim: 'rim',
  sky: 'sky',
} as const;

/** Key of the puck picture of a livery (0 to 7). */
export function puckPicture(livery: number): string {
  return `puck-${livery}`;
}

type Paint = (pen: CanvasRenderingContext2D, size: number) => void;

/**
 * Paints all pictures into the texture manager. Sizes are powers of two, so that they get mipmaps.
 * @param fine the glow of the rim is a picture of its own; else it is painted into the platform.
 */
export function paintTextures(scene: Scene, fine: boolean): void {
  paint(scene, PICTURE.glow, 128, paintGlow);
  paint(scene, PICTURE.disc, 128, paintDisc);
  paint(scene, PICTURE.ring, 256, paintRing);
  paint(scene, PICTURE.spark, 64, paintSpark);
  paint(scene, PICTURE.shard, 32, paintShard);
  paint(scene, PICTURE.tile, 64, paintTile);
  paint(scene, PICTURE.chevron, 64, paintChevron);
  paint(scene, PICTURE.brace, 256, paintBrace);
  paint(scene, PICTURE.star, 16, paintStar);
  paint(scene, PICTURE.slab, SLAB.size, (pen) => paintSlab(pen, !fine));
  paint(scene, PICTURE.rim, 1024, paintRim);
  paint(scene, PICTURE.sky, 512, paintSky);
  LIVERIES.forEach((livery, index) => {
    paint(scene, puckPicture(index), 256, (pen, size) => paintPuck(pen, size, livery));
  });
}

function paint(scene: Scene, key: string, size: number, draw: Paint): void {
  if (scene.textures.exists(key)) return;
  const texture = scene.textures.createCanvas(key, size, size);
  if (texture === null) return;
  draw(texture.context, size);
  texture.refresh();
}

function radial(
  pen: CanvasRenderingContext2D,
  size: number,
  stops: readonly (readonly [number, string])[],
): CanvasGradient {
  const gradient = pen.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, size / 2);
  for (const [at, color] of stops) gradient.addColorStop(at, color);
  return gradient;
}

/** A light with a small core and a long soft skirt. */
function paintGlow(pen: CanvasRenderingContext2D, size: number): void {
  const stops = Array.from({ length: 12 }, (_, index) => {
    const at = index / 11;
    return [at, css(0xffffff, (1 - at) ** 2.4)] as const;
  });
  pen.fillStyle = radial(pen, size, stops);
  pen.fillRect(0, 0, size, size);
}

function paintDisc(pen: CanvasRenderingContext2D, size: number): void {
  pen.fillStyle = '#fff';
  pen.beginPath();
  pen.arc(size / 2, size / 2, size / 2 - 2, 0, Math.PI * 2);
  pen.fill();
}

/** A shock wave: thin bright line, glow on both sides. */
function paintRing(pen: CanvasRenderingContext2D, size: number): void {
  const middle = 0.86;
  pen.fillStyle = radial(pen, size, [
    [0, css(0xffffff, 0)],
    [middle - 0.3, css(0xffffff, 0)],
    [middle - 0.08, css(0xffffff, 0.22)],
    [middle - 0.02, css(0xffffff, 1)],
    [middle + 0.015, css(0xffffff, 0.9)],
    [middle + 0.06, css(0xffffff, 0.2)],
    [1, css(0xffffff, 0)],
  ]);
  pen.fillRect(0, 0, size, size);
}

/** A streak that points right. */
function paintSpark(pen: CanvasRenderingContext2D, size: number): void {
  const gradient = pen.createLinearGradient(0, 0, size, 0);
  gradient.addColorStop(0, css(0xffffff, 0));
  gradient.addColorStop(0.7, css(0xffffff, 0.7));
  gradient.addColorStop(0.92, css(0xffffff, 1));
  gradient.addColorStop(1, css(0xffffff, 0));
  pen.fillStyle = gradient;
  pen.beginPath();
  pen.ellipse(size / 2, size / 2, size / 2, size / 16, 0, 0, Math.PI * 2);
  pen.fill();
}

function paintShard(pen: CanvasRenderingContext2D, size: number): void {
  pen.fillStyle = '#fff';
  pen.beginPath();
  pen.moveTo(size * 0.12, size * 0.78);
  pen.lineTo(size * 0.55, size * 0.08);
  pen.lineTo(size * 0.92, size * 0.66);
  pen.closePath();
  pen.fill();
}

/** One hexagon of the floor: a faint face and a bright edge. */
function paintTile(pen: CanvasRenderingContext2D, size: number): void {
  const radius = size / 2 - 3;
  pen.translate(size / 2, size / 2);
  pen.beginPath();
  for (let corner = 0; corner < 6; corner++) {
    const angle = (corner / 6 + 1 / 12) * Math.PI * 2;
    pen.lineTo(Math.cos(angle) * radius, Math.sin(angle) * radius);
  }
  pen.closePath();
  const face = pen.createLinearGradient(0, -radius, 0, radius);
  face.addColorStop(0, css(0xffffff, 0.42));
  face.addColorStop(1, css(0xffffff, 0.2));
  pen.fillStyle = face;
  pen.fill();
  pen.strokeStyle = css(0xffffff, 0.6);
  pen.lineWidth = 2.2;
  pen.stroke();
}

/** An arrowhead that points right. */
function paintChevron(pen: CanvasRenderingContext2D, size: number): void {
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  pen.shadowColor = '#fff';
  pen.shadowBlur = 8;
  pen.strokeStyle = '#fff';
  pen.lineWidth = 8;
  pen.beginPath();
  pen.moveTo(size * 0.4, size * 0.24);
  pen.lineTo(size * 0.64, size * 0.5);
  pen.lineTo(size * 0.4, size * 0.76);
  pen.stroke();
}

/** Six short arcs around a braced puck. */
function paintBrace(pen: CanvasRenderingContext2D, size: number): void {
  pen.lineCap = 'round';
  pen.strokeStyle = '#fff';
  pen.lineWidth = size * 0.028;
  for (let part = 0; part < 6; part++) {
    pen.beginPath();
    const from = (part / 6) * Math.PI * 2;
    pen.arc(size / 2, size / 2, size * 0.46, from + 0.16, from + Math.PI / 3 - 0.16);
    pen.stroke();
  }
}

function paintStar(pen: CanvasRenderingContext2D, size: number): void {
  pen.fillStyle = radial(pen, size, [
    [0, css(0xffffff, 1)],
    [0.25, css(0xffffff, 0.8)],
    [1, css(0xffffff, 0)],
  ]);
  pen.fillRect(0, 0, size, size);
}

/** Where the face of the platform lies in its picture, in pixels of the 1024. */
export const SLAB = { size: 1024, centreX: 512, centreY: 480, radius: 408, height: 46 } as const;

/** The platform from above and a little from the front: its side, then its face, lit from the middle. */
function paintSlab(pen: CanvasRenderingContext2D, glowing: boolean): void {
  const { centreX, centreY, radius, height } = SLAB;
  if (glowing) paintSlabGlow(pen, radius * 0.8, radius * 1.24);
  for (let drop = height; drop >= 0; drop--) {
    const t = drop / height;
    pen.beginPath();
    pen.arc(centreX, centreY + drop, radius, 0, Math.PI * 2);
    // Two bands of light run around the side.
    const band = Math.abs(t - 0.42) < 0.035 ? 0.55 : Math.abs(t - 0.66) < 0.02 ? 0.3 : 0;
    pen.fillStyle = css(mix(mix(0x16408c, 0x04061a, t ** 0.7), 0x57d4ff, band));
    pen.fill();
  }
  const face = pen.createRadialGradient(centreX, centreY, 0, centreX, centreY, radius);
  face.addColorStop(0, css(0x202b7c));
  face.addColorStop(0.4, css(0x131a52));
  face.addColorStop(0.82, css(0x0a0e31));
  face.addColorStop(1, css(0x101850));
  pen.beginPath();
  pen.arc(centreX, centreY, radius, 0, Math.PI * 2);
  pen.fillStyle = face;
  pen.fill();
  if (!glowing) return;
  pen.clip();
  paintSlabGlow(pen, radius * 0.8, radius * 1.24);
}

/** Light of the rim around and upon the platform, between two radii. */
function paintSlabGlow(pen: CanvasRenderingContext2D, inner: number, outer: number): void {
  const { centreX, centreY, radius } = SLAB;
  const glow = pen.createRadialGradient(centreX, centreY, inner, centreX, centreY, outer);
  const rimAt = (radius - inner) / (outer - inner);
  for (let step = 0; step <= 24; step++) {
    const at = step / 24;
    const near = at < rimAt ? (at / rimAt) ** 3 : ((1 - at) / (1 - rimAt)) ** 2.2;
    glow.addColorStop(at, css(0x35a8ff, 0.6 * near));
  }
  pen.fillStyle = glow;
  pen.fillRect(0, 0, SLAB.size, SLAB.size);
}

/** Radius of the line in the rim picture, as a fraction of half its size. */
export const RIM_RADIUS = 0.74;

/** The glow of the rim: tight inside, with a long skirt outside that also lights the void around the platform. */
function paintRim(pen: CanvasRenderingContext2D, size: number): void {
  const stops: (readonly [number, string])[] = [];
  for (let step = 0; step <= 80; step++) {
    const at = step / 80;
    const off = (at - RIM_RADIUS) * 10;
    const inside = Math.exp(off * 2.6) * 0.5;
    const outside = Math.exp(-off * 3.2) * 0.42 + Math.exp(-off * 0.9) * 0.16 * (1 - at) * 4;
    stops.push([
      at,
      css(0xffffff, Math.max(0, Math.min(1, off < 0 ? inside : outside)) * (at < 0.2 ? at * 5 : 1)),
    ]);
  }
  pen.fillStyle = radial(pen, size, stops);
  pen.fillRect(0, 0, size, size);
}

/** A glass puck with a neon tube inside its edge and its mark in the middle. */
function paintPuck(pen: CanvasRenderingContext2D, size: number, livery: Livery): void {
  const { color, mark } = livery;
  const radius = PUCK_RADIUS * PUCK_PIXELS_PER_UNIT;
  pen.translate(size / 2, size / 2);
  fillCircle(pen, radius, css(mix(color, 0x02030a, 0.82)));
  const body = pen.createRadialGradient(-radius * 0.25, -radius * 0.35, radius * 0.05, 0, 0, radius);
  body.addColorStop(0, css(mix(color, 0x0a0f2a, 0.35)));
  body.addColorStop(0.55, css(mix(color, 0x070a1e, 0.68)));
  body.addColorStop(1, css(mix(color, 0x04060f, 0.86)));
  fillCircle(pen, radius * 0.96, body);
  pen.save();
  pen.shadowColor = css(color);
  pen.shadowBlur = radius * 0.22;
  strokeCircle(pen, radius * 0.83, css(color), radius * 0.1);
  strokeCircle(pen, radius * 0.83, css(mix(color, 0xffffff, 0.75)), radius * 0.035);
  pen.beginPath();
  traceMark(pen, mark, radius * 0.4);
  pen.lineJoin = 'round';
  pen.fillStyle = css(mix(color, 0xffffff, 0.5));
  pen.strokeStyle = css(mix(color, 0xffffff, 0.5));
  pen.lineWidth = radius * 0.07;
  pen.fill();
  pen.stroke();
  pen.restore();
  // A highlight, as on glass.
  const shine = pen.createLinearGradient(0, -radius, 0, 0);
  shine.addColorStop(0, css(0xffffff, 0.42));
  shine.addColorStop(1, css(0xffffff, 0));
  pen.beginPath();
  pen.ellipse(0, -radius * 0.46, radius * 0.62, radius * 0.4, 0, 0, Math.PI * 2);
  pen.fillStyle = shine;
  pen.fill();
}

function fillCircle(pen: CanvasRenderingContext2D, radius: number, style: string | CanvasGradient): void {
  pen.beginPath();
  pen.arc(0, 0, radius, 0, Math.PI * 2);
  pen.fillStyle = style;
  pen.fill();
}

function strokeCircle(pen: CanvasRenderingContext2D, radius: number, style: string, width: number): void {
  pen.beginPath();
  pen.arc(0, 0, radius, 0, Math.PI * 2);
  pen.strokeStyle = style;
  pen.lineWidth = width;
  pen.stroke();
}
