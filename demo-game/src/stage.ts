/**
 * The drawn half of the game, Phaser and all: loaded as a chunk of its own, so that the lobby is there at once and a
 * page with `&draw=0` never loads it.
 */
import { AUTO, Game, Scale } from 'phaser';
import { ArenaScene } from './scenes/arena-scene.js';
import { BackdropScene } from './scenes/backdrop-scene.js';
import { BootScene } from './scenes/boot-scene.js';
import type { Stage } from './stage-types.js';
import { chooseQuality } from './view/quality.js';
import { paintedSky } from './view/sky.js';

/** Without a graphics card half the pictures leave the processor time for the match. */
const SOFTWARE_FRAMES_PER_SECOND = 30;

/** Opens the stage inside `parent` and keeps it as large as that element. Resolves when it has drawn its first picture. */
export async function openStage(parent: HTMLElement, asked: 'high' | 'low' | undefined): Promise<Stage> {
  const quality = chooseQuality(asked);
  let { density } = quality;
  const measure = (): { width: number; height: number } => ({
    width: Math.max(1, Math.round(parent.clientWidth * density)),
    height: Math.max(1, Math.round(parent.clientHeight * density)),
  });
  const arena = new ArenaScene({
    fine: quality.fine,
    reducedMotion: window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    onSlow: () => {
      if (asked === 'high' || density * quality.coarser < quality.densityMin) return;
      density *= quality.coarser;
      fit();
    },
  });
  if (!quality.fine) parent.prepend(paintedSky());
  // Large blurs of the HUD cost as much as pictures do.
  document.body.classList.toggle('plain', !quality.fine);
  const game = new Game({
    type: AUTO,
    parent,
    backgroundColor: '#05060f',
    transparent: !quality.fine,
    banner: false,
    disableContextMenu: true,
    audio: { noAudio: true },
    // The SDK clocks the match; Phaser's own delta only fades lights.
    fps: { smoothStep: false, ...(quality.fine ? {} : { limit: SOFTWARE_FRAMES_PER_SECOND }) },
    input: { keyboard: false, mouse: false, touch: false, gamepad: false },
    render: {
      antialias: true,
      antialiasGL: quality.fine,
      mipmapFilter: quality.fine ? 'LINEAR_MIPMAP_LINEAR' : 'LINEAR',
      powerPreference: 'high-performance',
    },
    scale: { mode: Scale.NONE, ...measure(), zoom: 1 / density },
    scene: [new BootScene(quality.fine), ...(quality.fine ? [new BackdropScene()] : []), arena],
  });
  function fit(): void {
    const { width, height } = measure();
    game.scale.setZoom(1 / density);
    game.scale.resize(width, height);
  }
  await new Promise<void>((resolve) => arena.whenDrawn(resolve));
  const observer = new ResizeObserver(fit);
  observer.observe(parent);
  return {
    watch: (source, seats) => arena.watch(source, seats),
    show: (cue) => arena.show(cue),
    setInsets: (insets) => arena.setInsets(insets),
    close: () => {
      observer.disconnect();
      game.destroy(true);
    },
  };
}
