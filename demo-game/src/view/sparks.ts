/** Short-lived light: sparks, shards and shock rings from fixed pools, so that a busy arena allocates nothing. */
import { BlendModes, type GameObjects, type Scene } from 'phaser';
import { DEPTH } from './platform-view.js';
import { PICTURE } from './textures.js';

const SPARKS_MAX = 260;
const RINGS_MAX = 20;

interface Spark {
  readonly image: GameObjects.Image;
  x: number;
  y: number;
  vx: number;
  vy: number;
  spin: number;
  size: number;
  lifeMs: number;
  ageMs: number;
}

interface Ring {
  readonly image: GameObjects.Image;
  fromRadius: number;
  toRadius: number;
  alpha: number;
  lifeMs: number;
  ageMs: number;
}

/** One burst of sparks. Speeds in arena units per second, angles in radians. */
export interface Burst {
  readonly x: number;
  readonly y: number;
  readonly color: number;
  readonly count: number;
  readonly speed: number;
  /** Middle direction and half-width of the cone; without it all around. */
  readonly angle?: number;
  readonly spread?: number;
  readonly lifeMs?: number;
  readonly size?: number;
  /** Tumbling shards instead of streaks. */
  readonly shards?: boolean;
}

/** One shock ring. Radii in arena units. */
export interface Shock {
  readonly x: number;
  readonly y: number;
  readonly color: number;
  readonly fromRadius: number;
  readonly toRadius: number;
  readonly lifeMs: number;
  readonly alpha?: number;
}

/** The pools. */
export class Sparks {
  readonly #sparks: Spark[] = [];
  readonly #rings: Ring[] = [];
  #nextSpark = 0;
  #nextRing = 0;

  constructor(scene: Scene) {
    for (let index = 0; index < SPARKS_MAX; index++) {
      const image = scene.add.image(0, 0, PICTURE.spark).setVisible(false);
      image.setDepth(DEPTH.sparks).setBlendMode(BlendModes.ADD);
      this.#sparks.push({ image, x: 0, y: 0, vx: 0, vy: 0, spin: 0, size: 1, lifeMs: 0, ageMs: 1 });
    }
    for (let index = 0; index < RINGS_MAX; index++) {
      const image = scene.add.image(0, 0, PICTURE.ring).setVisible(false);
      image.setDepth(DEPTH.sparks).setBlendMode(BlendModes.ADD);
      this.#rings.push({ image, fromRadius: 0, toRadius: 0, alpha: 0, lifeMs: 0, ageMs: 1 });
    }
  }

  /** Throws sparks. */
  burst(burst: Burst): void {
    const { angle = 0, spread = Math.PI, lifeMs = 520, size = 1, shards = false } = burst;
    for (let index = 0; index < burst.count; index++) {
      const spark = this.#sparks[this.#nextSpark] as Spark;
      this.#nextSpark = (this.#nextSpark + 1) % SPARKS_MAX;
      const direction = angle + (Math.random() * 2 - 1) * spread;
      const speed = burst.speed * (0.25 + 0.75 * Math.random());
      spark.x = burst.x;
      spark.y = burst.y;
      spark.vx = Math.cos(direction) * speed;
      spark.vy = Math.sin(direction) * speed;
      spark.spin = shards ? (Math.random() - 0.5) * 14 : 0;
      spark.size = size * (0.5 + 0.7 * Math.random());
      spark.lifeMs = lifeMs * (0.5 + 0.6 * Math.random());
      spark.ageMs = 0;
      const white = Math.random() < 0.25;
      spark.image.setTexture(shards ? PICTURE.shard : PICTURE.spark).setTint(white ? 0xffffff : burst.color);
    }
  }

  /** Sends out a ring. */
  shock(shock: Shock): void {
    const ring = this.#rings[this.#nextRing] as Ring;
    this.#nextRing = (this.#nextRing + 1) % RINGS_MAX;
    ring.fromRadius = shock.fromRadius;
    ring.toRadius = shock.toRadius;
    ring.lifeMs = shock.lifeMs;
    ring.alpha = shock.alpha ?? 0.9;
    ring.ageMs = 0;
    ring.image.setPosition(shock.x, shock.y).setTint(shock.color);
  }

  /** Moves and fades everything. */
  update(elapsedMs: number): void {
    for (const spark of this.#sparks) moveSpark(spark, elapsedMs);
    for (const ring of this.#rings) growRing(ring, elapsedMs);
  }

  /** Ends everything at once. */
  clear(): void {
    for (const one of [...this.#sparks, ...this.#rings]) {
      one.ageMs = one.lifeMs + 1;
      one.image.setVisible(false);
    }
  }
}

function moveSpark(spark: Spark, elapsedMs: number): void {
  spark.ageMs += elapsedMs;
  if (spark.ageMs >= spark.lifeMs) {
    spark.image.setVisible(false);
    return;
  }
  const left = 1 - spark.ageMs / spark.lifeMs;
  const drag = 0.9 ** (elapsedMs / 16.7);
  spark.vx *= drag;
  spark.vy *= drag;
  spark.x += (spark.vx * elapsedMs) / 1000;
  spark.y += (spark.vy * elapsedMs) / 1000;
  const speed = Math.hypot(spark.vx, spark.vy);
  const { image, size, spin } = spark;
  image.setVisible(true).setPosition(spark.x, spark.y).setAlpha(left);
  if (spin === 0)
    image.setRotation(Math.atan2(spark.vy, spark.vx)).setScale(size * (0.12 + speed / 700), size * 0.7);
  else image.setRotation((spin * spark.ageMs) / 1000).setScale(size * 0.5 * (0.4 + 0.6 * left));
}

function growRing(ring: Ring, elapsedMs: number): void {
  ring.ageMs += elapsedMs;
  if (ring.ageMs >= ring.lifeMs) {
    ring.image.setVisible(false);
    return;
  }
  const t = ring.ageMs / ring.lifeMs;
  const eased = 1 - (1 - t) ** 3;
  const radius = (ring.fromRadius + (ring.toRadius - ring.fromRadius) * eased) / 0.86;
  ring.image
    .setVisible(true)
    .setDisplaySize(radius * 2, radius * 2)
    .setAlpha(ring.alpha * (1 - t) ** 1.4);
}
