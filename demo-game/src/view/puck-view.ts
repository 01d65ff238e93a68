/** One puck: body, glow, where it looks, dash gauge, trail, name. */
import { BlendModes, type GameObjects, type Scene } from 'phaser';
import {
  DASH_COOLDOWN_FRAMES,
  DASH_FRAMES,
  FALL_FRAMES,
  headingX,
  headingY,
  PHASE,
  PUCK,
  PUCK_RADIUS,
  type RumbleState,
} from '../game/index.js';
import type { Seat } from './arena-source.js';
import { css, type Livery, liveryOf, mix } from './palette.js';
import { DEPTH } from './platform-view.js';
import { PICTURE, PUCK_PIXELS_PER_UNIT, puckPicture } from './textures.js';
import { Trail } from './trail.js';

const BODY_SCALE = 1 / PUCK_PIXELS_PER_UNIT;
/** Name tags keep this height on the screen, in pixels of the page. */
const NAME_PIXELS = 13;
/** With more players than this, names fade out soon after a round has begun. */
const NAMES_KEPT_UP_TO = 4;

/** What a puck is drawn with this time. */
export interface PuckMoment {
  readonly x: number;
  readonly y: number;
  readonly elapsedMs: number;
  /** Canvas pixels per arena unit, and per pixel of the page. */
  readonly zoom: number;
  readonly density: number;
  /** Its player is late, and somebody else plays for it. */
  readonly absent: boolean;
  /** Shared drawing layers of all pucks, cleared by the caller. */
  readonly gauges: GameObjects.Graphics;
  readonly trails: GameObjects.Graphics;
}

/** The puck of one slot. */
export class PuckView {
  livery: Livery;
  readonly #slot: number;
  readonly #body: GameObjects.Image;
  readonly #shadow: GameObjects.Image;
  readonly #glow: GameObjects.Image;
  readonly #flash: GameObjects.Image;
  readonly #chevron: GameObjects.Image;
  readonly #brace: GameObjects.Image;
  readonly #name: GameObjects.Text;
  readonly #trail = new Trail();
  #mine = false;
  #punch = 0;
  #brightness = 0;
  #turn = 0;
  #clockMs = 0;
  #readyFlash = 0;
  #wasReady = true;

  constructor(scene: Scene, slot: number) {
    this.#slot = slot;
    this.livery = liveryOf(slot);
    const image = (picture: string, depth: number): GameObjects.Image =>
      scene.add.image(0, 0, picture).setDepth(depth);
    this.#shadow = image(PICTURE.glow, DEPTH.shadows).setTint(0x000000).setAlpha(0.75);
    this.#glow = image(PICTURE.glow, DEPTH.glow).setBlendMode(BlendModes.ADD);
    this.#body = image(puckPicture(slot), DEPTH.pucks + slot * 0.01);
    this.#flash = image(PICTURE.disc, DEPTH.gauges).setBlendMode(BlendModes.ADD);
    this.#chevron = image(PICTURE.chevron, DEPTH.gauges).setBlendMode(BlendModes.ADD);
    this.#brace = image(PICTURE.brace, DEPTH.gauges).setBlendMode(BlendModes.ADD);
    this.#name = scene.add
      .text(0, 0, '', {
        fontFamily: NAME_FONT,
        fontSize: '26px',
        fontStyle: '700',
        color: '#fff',
        letterSpacing: 1,
      })
      .setOrigin(0.5, 1)
      .setShadow(0, 2, 'rgba(0,0,0,0.9)', 6, true, true)
      .setDepth(DEPTH.names);
    this.hide();
  }

  /** Takes on the name and the looks of a seat. */
  dress(seat: Seat | undefined): void {
    const index = seat?.livery ?? this.#slot;
    this.livery = liveryOf(index);
    this.#mine = seat?.mine ?? false;
    this.#body.setTexture(puckPicture(index));
    this.#name
      .setText(seat?.name ?? '')
      .setColor(css(mix(this.livery.color, 0xffffff, this.#mine ? 1 : 0.45)));
    this.#trail.clear();
  }

  /** Shows that it was hit: 0 to 1. */
  punch(strength: number): void {
    this.#punch = Math.min(1, this.#punch + strength);
  }

  hide(): void {
    for (const part of this.#parts()) part.setVisible(false);
    this.#trail.clear();
  }

  #parts(): readonly (GameObjects.Image | GameObjects.Text)[] {
    return [this.#body, this.#shadow, this.#glow, this.#flash, this.#chevron, this.#brace, this.#name];
  }

  /** Draws the puck of `state` at the place given by `moment`. */
  update(state: RumbleState, moment: PuckMoment): void {
    const status = state.pucks.status[this.#slot];
    this.#clockMs += moment.elapsedMs;
    this.#punch *= 0.86 ** (moment.elapsedMs / 16.7);
    if (status === PUCK.absent || status === PUCK.out) this.hide();
    else if (status === PUCK.falling) this.#drawFalling(state, moment);
    else this.#drawStanding(state, moment);
  }

  #drawStanding(state: RumbleState, moment: PuckMoment): void {
    const { pucks } = state;
    const slot = this.#slot;
    const { x, y, elapsedMs } = moment;
    const { color } = this.livery;
    const dashing = (pucks.dashFrames[slot] as number) / DASH_FRAMES;
    const stunned = (pucks.stunFrames[slot] as number) > 0;
    const speed = Math.hypot(pucks.vx[slot] as number, pucks.vy[slot] as number);
    const wobble = stunned ? Math.sin(this.#clockMs / 18) * 1.4 : 0;
    const scale = 1 + 0.16 * this.#punch + 0.06 * dashing;
    this.#body
      .setVisible(true)
      .setPosition(x + wobble, y)
      .setScale(BODY_SCALE * scale)
      .setAlpha(moment.absent ? 0.55 : 1);
    this.#body.setDepth(DEPTH.pucks + slot * 0.01);
    this.#body.setRotation(0);
    this.#shadow
      .setVisible(true)
      .setPosition(x + 2, y + 9)
      .setDisplaySize(PUCK_RADIUS * 3.3, PUCK_RADIUS * 3);
    const wanted = 0.42 + 0.5 * dashing + Math.min(0.25, speed * 0.03) + 0.5 * this.#punch;
    this.#brightness += (wanted - this.#brightness) * Math.min(1, elapsedMs / 70);
    const reach = PUCK_RADIUS * (3.9 + 1.4 * dashing + 1.2 * this.#punch);
    this.#glow
      .setVisible(true)
      .setPosition(x, y)
      .setDisplaySize(reach, reach)
      .setTint(color)
      .setAlpha(this.#brightness);
    this.#drawFlash(x + wobble, y, scale);
    this.#drawHeading(state, moment);
    this.#drawBrace(pucks.braking[slot] === 1, moment);
    this.#drawGauge(state, moment);
    if (moment.absent) this.#drawAbsence(moment);
    this.#drawName(state, moment);
    this.#trail.add(x, y, elapsedMs);
    this.#trail.draw(moment.trails, {
      color,
      power: Math.min(1, speed / 9) + dashing,
      width: PUCK_RADIUS * 0.8,
    });
  }

  #drawFlash(x: number, y: number, scale: number): void {
    const alpha = this.#punch > 0.04 ? this.#punch * 0.75 : 0;
    const size = PUCK_RADIUS * 2 * scale;
    this.#flash
      .setVisible(alpha > 0)
      .setPosition(x, y)
      .setDisplaySize(size, size);
    this.#flash.setAlpha(alpha).setTint(mix(this.livery.color, 0xffffff, 0.6));
  }

  #drawHeading(state: RumbleState, { x, y }: PuckMoment): void {
    const heading = state.pucks.heading[this.#slot] as number;
    const thrust = state.pucks.thrust[this.#slot] as number;
    const reach = PUCK_RADIUS * 1.42 + thrust * 1.4;
    this.#chevron.setVisible(true);
    this.#chevron.setPosition(x + headingX(heading) * reach, y + headingY(heading) * reach);
    this.#chevron.setRotation((heading / 16) * Math.PI * 2).setScale(0.2 + 0.03 * thrust);
    this.#chevron.setTint(mix(this.livery.color, 0xffffff, 0.35)).setAlpha(0.4 + 0.2 * thrust);
  }

  #drawBrace(braking: boolean, { x, y }: PuckMoment): void {
    const size = PUCK_RADIUS * 2.75;
    this.#brace.setVisible(braking).setPosition(x, y).setDisplaySize(size, size);
    this.#brace
      .setRotation(this.#clockMs / 700)
      .setTint(mix(this.livery.color, 0xffffff, 0.5))
      .setAlpha(0.85);
  }

  /** The dash gauge: an arc that fills up, and a short flash when it is full. */
  #drawGauge(state: RumbleState, { x, y, elapsedMs, gauges }: PuckMoment): void {
    const cooldown = state.pucks.cooldown[this.#slot] as number;
    const ready = cooldown === 0;
    if (ready && !this.#wasReady) this.#readyFlash = 1;
    this.#wasReady = ready;
    this.#readyFlash *= 0.92 ** (elapsedMs / 16.7);
    const radius = PUCK_RADIUS * 1.13;
    if (!ready) {
      gauges.lineStyle(2.4, 0x05060f, 0.55).strokeCircle(x, y, radius);
      const share = 1 - cooldown / DASH_COOLDOWN_FRAMES;
      gauges.lineStyle(2.6, this.livery.color, 0.85).beginPath();
      gauges.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + share * Math.PI * 2);
      gauges.strokePath();
    } else if (this.#readyFlash > 0.03) {
      gauges.lineStyle(3, 0xffffff, this.#readyFlash).strokeCircle(x, y, radius + (1 - this.#readyFlash) * 9);
    }
    if (this.#mine) this.#drawOwnRing(state, { x, y, gauges });
  }

  /** "Nobody at the wheel": three short arcs that go round the puck. */
  #drawAbsence({ x, y, gauges }: PuckMoment): void {
    const radius = PUCK_RADIUS * 1.4;
    for (let arc = 0; arc < 3; arc++) {
      const from = this.#clockMs / 420 + (arc * Math.PI * 2) / 3;
      gauges.lineStyle(3, 0xffd166, 0.9).beginPath();
      gauges.arc(x, y, radius, from, from + 0.9);
      gauges.strokePath();
    }
  }

  /** "This one is yours": a thin ring, and before a round one that closes in on the puck. */
  #drawOwnRing(state: RumbleState, { x, y, gauges }: Pick<PuckMoment, 'x' | 'y' | 'gauges'>): void {
    const pulse = 0.55 + 0.25 * Math.sin(this.#clockMs / 260);
    gauges.lineStyle(1.6, 0xffffff, pulse).strokeCircle(x, y, PUCK_RADIUS * 1.26);
    if (state.phase !== PHASE.countdown) return;
    const t = (this.#clockMs % 900) / 900;
    gauges.lineStyle(2.5, this.livery.color, t).strokeCircle(x, y, PUCK_RADIUS * (2.7 - 1.4 * t));
  }

  #drawName(state: RumbleState, { x, y, zoom, density }: PuckMoment): void {
    const scale = (NAME_PIXELS * density) / 26 / zoom;
    // In a crowd the names of others would cover the fight: they show who is who at the start, then colours do.
    const crowded = state.entrants > NAMES_KEPT_UP_TO && !this.#mine;
    const hush = crowded && state.phase === PHASE.play ? 1 - (state.phaseFrames - 150) / 60 : 1;
    const alpha = Math.max(0, Math.min(1, hush)) * (this.#mine ? 1 : 0.85);
    this.#name.setVisible(alpha > 0).setAlpha(alpha);
    this.#name.setPosition(x, y - PUCK_RADIUS * 1.62).setScale(scale);
  }

  /** Down into the void: smaller, darker, and behind the platform if it fell off the far side. */
  #drawFalling(state: RumbleState, moment: PuckMoment): void {
    const frames = state.pucks.fallFrames[this.#slot] as number;
    const t = Math.min(1, frames / FALL_FRAMES);
    const { x, elapsedMs } = moment;
    const y = moment.y + t * t * 120;
    for (const part of [this.#shadow, this.#flash, this.#chevron, this.#brace, this.#name])
      part.setVisible(false);
    this.#turn += elapsedMs * 0.007;
    const behind = moment.y < 0;
    const scale = 1 - 0.72 * t;
    this.#body
      .setVisible(true)
      .setPosition(x, y)
      .setRotation(this.#turn)
      .setScale(BODY_SCALE * scale)
      .setAlpha(1 - t * t)
      .setDepth(behind ? DEPTH.fallingBehind : DEPTH.pucks);
    this.#glow
      .setVisible(true)
      .setPosition(x, y)
      .setTint(this.livery.color)
      .setAlpha(0.8 * (1 - t));
    this.#glow.setDisplaySize(PUCK_RADIUS * 4 * scale, PUCK_RADIUS * 4 * scale);
    this.#trail.add(x, y, elapsedMs);
    this.#trail.draw(moment.trails, {
      color: this.livery.color,
      power: 1 - t,
      width: PUCK_RADIUS * 0.7 * scale,
    });
  }
}

/** The type of names in the arena; the same family as the page's. */
const NAME_FONT = '"Avenir Next", "Century Gothic", "URW Gothic", Futura, "Segoe UI", Roboto, sans-serif';
