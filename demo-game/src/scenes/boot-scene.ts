/** First scene: paints the pictures, then opens the two layers of the game. */
import { Scene } from 'phaser';
import { paintTextures } from '../view/textures.js';

/** See the head of this file. */
export class BootScene extends Scene {
  constructor() {
    super('boot');
  }

  create(): void {
    paintTextures(this);
    this.scene.launch('backdrop');
    this.scene.launch('arena');
    this.scene.stop();
  }
}
