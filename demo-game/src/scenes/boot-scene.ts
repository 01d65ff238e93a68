/** First scene: paints the pictures, then opens the layers of the game. */
import { BlendModes, Renderer, Scene } from 'phaser';
import { paintTextures } from '../view/textures.js';

/** See the head of this file. */
export class BootScene extends Scene {
  readonly #fine: boolean;

  /** @param fine see `Quality`; without it the sky is no scene. */
  constructor(fine: boolean) {
    super('boot');
    this.#fine = fine;
  }

  create(): void {
    paintTextures(this, this.#fine);
    if (this.#fine) this.scene.launch('backdrop');
    else this.#addLightToAnything();
    this.scene.launch('arena');
    this.scene.stop();
  }

  /**
   * Phaser adds light by `source + target * alpha of target`, which darkens what is half transparent. On our
   * transparent canvas light has to be added plainly.
   */
  #addLightToAnything(): void {
    const { renderer } = this;
    if (!(renderer instanceof Renderer.WebGL.WebGLRenderer)) return;
    const { ONE } = renderer.gl;
    const add = renderer.blendModes[BlendModes.ADD];
    if (add !== undefined) add.func = [ONE, ONE, ONE, ONE];
  }
}
