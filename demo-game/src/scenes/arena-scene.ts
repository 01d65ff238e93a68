/**
 * The play scene. It draws whatever match it is told to watch, sixty times a second or as often as the screen likes;
 * the match runs on its own clock and never waits for it.
 */
import { Scene } from 'phaser';
import type { Cue } from '../game/index.js';
import type { Insets } from '../stage-types.js';
import type { ArenaSource, Seat } from '../view/arena-source.js';
import { ArenaView } from '../view/arena-view.js';

/** What the scene is made with. */
export interface ArenaSceneOptions {
  /** See `Quality`. */
  readonly fine: boolean;
  /** No shake. */
  readonly reducedMotion: boolean;
  /** Drawing has been slow for a while. */
  readonly onSlow: () => void;
}

/** Drawing is slow if the mean of so many frames took longer than this. */
const SLOW_FRAMES = 90;
const SLOW_FRAME_MS = 30;
/** The camera comes no nearer than this radius, in arena units. */
const FRAMED_RADIUS_MIN = 190;
/** Free space around the platform, in arena units: pucks are seen falling. */
const FRAMED_MARGIN = 46;
/** A longer pause between two drawings (a hidden tab) counts as this. */
const ELAPSED_MAX_MS = 100;

/** See the head of this file. */
export class ArenaScene extends Scene {
  #view: ArenaView | undefined;
  #source: ArenaSource | undefined;
  #seats: readonly Seat[] = [];
  #insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  #framedRadius = 280;
  #whenDrawn: (() => void) | undefined;
  #slowMs = 0;
  #slowFrames = 0;
  readonly #options: ArenaSceneOptions;

  constructor(options: ArenaSceneOptions) {
    super('arena');
    this.#options = options;
  }

  create(): void {
    this.#view = new ArenaView(this, this.#options);
    this.#view.begin(this.#seats);
    // Nothing to see before there is a match to frame.
    this.cameras.main.setVisible(this.#source !== undefined);
  }

  /** Calls back once, after the first picture. */
  whenDrawn(callback: () => void): void {
    this.#whenDrawn = callback;
  }

  /** Draws `source` from now on; `undefined` keeps the last picture. */
  watch(source: ArenaSource | undefined, seats: readonly Seat[]): void {
    const isNew = source !== undefined && source !== this.#source;
    this.#source = source;
    this.#seats = seats;
    this.#view?.begin(seats);
    if (this.#view !== undefined && source !== undefined) this.cameras.main.setVisible(true);
    if (isNew) this.#framedRadius = source.state.radiusStart * 1.25;
  }

  /** Shows what a step announced. */
  show(cue: Cue): void {
    this.#view?.show(cue);
  }

  /** Says what the HUD covers. */
  setInsets(insets: Insets): void {
    this.#insets = insets;
  }

  override update(_time: number, delta: number): void {
    const view = this.#view;
    const source = this.#source;
    if (this.#whenDrawn !== undefined) this.game.events.once('postrender', this.#whenDrawn);
    this.#whenDrawn = undefined;
    if (view === undefined || source === undefined) return;
    this.#watchPace(delta);
    const elapsedMs = Math.min(delta, ELAPSED_MAX_MS);
    const density = 1 / this.scale.zoom;
    const zoom = this.#frame(source, { elapsedMs, density });
    view.update(source, elapsedMs, { zoom, density });
  }

  #watchPace(delta: number): void {
    // A pause (a hidden tab, a dragged window) says nothing about the machine.
    if (delta > 500) return;
    this.#slowMs += delta;
    this.#slowFrames += 1;
    if (this.#slowFrames < SLOW_FRAMES) return;
    if (this.#slowMs / this.#slowFrames > SLOW_FRAME_MS) this.#options.onSlow();
    this.#slowMs = 0;
    this.#slowFrames = 0;
  }

  /** Points the camera so that the platform fills the space that the HUD leaves free. Returns canvas pixels per unit. */
  #frame(source: ArenaSource, moment: { readonly elapsedMs: number; readonly density: number }): number {
    const { elapsedMs, density } = moment;
    const { width, height } = this.scale;
    const { top, right, bottom, left } = this.#insets;
    const freeWidth = Math.max(80, width - (left + right) * density);
    const freeHeight = Math.max(80, height - (top + bottom) * density);
    const wanted = Math.max(FRAMED_RADIUS_MIN, source.state.radius);
    this.#framedRadius += (wanted - this.#framedRadius) * Math.min(1, elapsedMs / 650);
    const zoom = Math.min(freeWidth, freeHeight) / 2 / (this.#framedRadius + FRAMED_MARGIN);
    const shake = this.#view?.shake ?? { x: 0, y: 0 };
    const pixel = height / 720;
    const centreX = left * density + freeWidth / 2 + shake.x * pixel;
    const centreY = top * density + freeHeight / 2 + shake.y * pixel;
    const camera = this.cameras.main;
    camera.setZoom(zoom);
    camera.centerOn(-(centreX - width / 2) / zoom, -(centreY - height / 2) / zoom);
    return zoom;
  }
}
