/**
 * The drawn half of the game, Phaser and all: loaded as a chunk of its own, so that the lobby is there at once and a
 * page with `&draw=0` never loads it.
 */
import { AUTO, Game, Scale } from 'phaser';
import type { Cue } from './game/index.js';
import { ArenaScene } from './scenes/arena-scene.js';
import { BackdropScene } from './scenes/backdrop-scene.js';
import { BootScene } from './scenes/boot-scene.js';
import type { Insets, Stage } from './stage-types.js';
import type { ArenaSource, Seat } from './view/arena-source.js';

/** More canvas pixels per page pixel than this cost more than they show. */
const DENSITY_MAX = 2;

/** Opens the stage inside `parent` and keeps it as large as that element. */
export function openStage(parent: HTMLElement): Stage {
  const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const arena = new ArenaScene(reducedMotion);
  const size = measure(parent);
  const game = new Game({
    type: AUTO,
    parent,
    backgroundColor: '#04050d',
    banner: false, transparent: location.search.includes('transp'),
    disableContextMenu: true,
    audio: { noAudio: true },
    // The SDK clocks the match; Phaser's own delta only fades lights.
    fps: { smoothStep: false },
    input: { keyboard: false, mouse: false, touch: false, gamepad: false },
    render: { antialias: true, maxTextures: Number(new URLSearchParams(location.search).get('mt') ?? -1), antialiasGL: !location.search.includes("noaa"), powerPreference: 'high-performance', mipmapFilter: location.search.includes('nomip') ? 'LINEAR' : 'LINEAR_MIPMAP_LINEAR' },
    scale: { mode: Scale.NONE, width: size.width, height: size.height, zoom: 1 / size.density },
    scene: [new BootScene(), new BackdropScene(), arena],
  });
  (window as any).game = game;
  const fit = (): void => {
    const { width, height, density } = measure(parent);
    game.scale.setZoom(1 / density);
    game.scale.resize(width, height);
  };
  const observer = new ResizeObserver(fit);
  observer.observe(parent);
  return {
    watch: (source: ArenaSource | undefined, seats: readonly Seat[]) => arena.watch(source, seats),
    show: (cue: Cue) => arena.show(cue),
    setInsets: (insets: Insets) => arena.setInsets(insets),
    setDimmed: (dimmed: boolean) => arena.setDimmed(dimmed),
    close: () => {
      observer.disconnect();
      game.destroy(true);
    },
  };
}

function measure(parent: HTMLElement): { width: number; height: number; density: number } {
  const density = Math.min(DENSITY_MAX, window.devicePixelRatio || 1);
  const width = Math.max(1, Math.round(parent.clientWidth * density));
  const height = Math.max(1, Math.round(parent.clientHeight * density));
  return { width, height, density };
}
