/** Behind the arena: a sky with slow stars. Its own scene, so that the arena's zoom leaves it alone. */
import { BlendModes, type GameObjects, Scene } from 'phaser';
import { PICTURE } from '../view/textures.js';

const STARS = 150;

interface Star {
  readonly image: GameObjects.Image;
  /** Place in the sky, 0 to 1. */
  readonly u: number;
  readonly v: number;
  readonly nearness: number;
  readonly phase: number;
}

/** See the head of this file. */
export class BackdropScene extends Scene {
  readonly #stars: Star[] = [];
  #sky: GameObjects.Image | undefined;
  #clockMs = 0;

  constructor() {
    super('backdrop');
  }

  create(): void {
    this.#sky = this.add.image(0, 0, PICTURE.sky).setOrigin(0, 0);
    for (let index = 0; index < STARS; index++) {
      const nearness = Math.random() ** 3;
      const image = this.add.image(0, 0, PICTURE.star).setBlendMode(BlendModes.ADD);
      image.setTint(Math.random() < 0.3 ? 0x9fd8ff : Math.random() < 0.2 ? 0xffb3e0 : 0xffffff);
      this.#stars.push({ image, u: Math.random(), v: Math.random(), nearness, phase: Math.random() * 7 });
    }
  }

  override update(_time: number, elapsedMs: number): void {
    this.#clockMs += elapsedMs;
    const { width, height } = this.scale;
    const large = Math.max(width, height);
    const t = this.#clockMs / 1000;
    this.#sky?.setDisplaySize(width, height);
    for (const { image, u, v, nearness, phase } of this.#stars) {
      const drift = t * (0.0006 + 0.004 * nearness);
      image.setPosition(((u + drift) % 1) * width, v * height);
      image.setScale((0.1 + 0.34 * nearness) * Math.max(1, large / 1500));
      image.setAlpha((0.25 + 0.6 * nearness) * (0.7 + 0.3 * Math.sin(t * 1.3 + phase)));
    }
  }
}
