/** Arrows or WASD steer, space dashes, shift brakes, P pauses. J and K do too, for whoever likes their hands apart. */
import type { Device, Hands } from './device.js';

type Action = 'left' | 'right' | 'up' | 'down' | 'dash' | 'brake';

/** By place on the keyboard, not by letter: WASD is where it is on a French keyboard too. */
const KEYS: Readonly<Record<string, Action>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  KeyA: 'left',
  KeyD: 'right',
  KeyW: 'up',
  KeyS: 'down',
  Space: 'dash',
  KeyJ: 'dash',
  ShiftLeft: 'brake',
  ShiftRight: 'brake',
  KeyK: 'brake',
};

/** See the head of this file. */
export class Keyboard implements Device {
  readonly hands: Hands = { x: 0, y: 0, dash: false, brake: false };
  /** Whether keys belong to the game. */
  playing = false;
  /** The pause key went down. */
  onPause: () => void = () => {};
  readonly #held = new Set<string>();
  #pressed = false;

  constructor() {
    window.addEventListener('keydown', (event) => this.#down(event));
    window.addEventListener('keyup', (event) => this.#up(event.code));
    window.addEventListener('blur', () => this.#release());
  }

  takePress(): boolean {
    const pressed = this.#pressed;
    this.#pressed = false;
    return pressed;
  }

  #down(event: KeyboardEvent): void {
    if (event.code === 'KeyP' && this.playing && !event.repeat && !isTyping(event.target)) this.onPause();
    const action = KEYS[event.code];
    if (action === undefined || !this.playing || isTyping(event.target)) return;
    // Space on a focused button would click it, arrows would scroll.
    event.preventDefault();
    if (event.repeat) return;
    this.#held.add(event.code);
    if (action === 'dash') this.#pressed = true;
    this.#combine();
  }

  #up(code: string): void {
    if (this.#held.delete(code)) this.#combine();
  }

  #release(): void {
    this.#held.clear();
    this.#pressed = false;
    this.#combine();
  }

  #combine(): void {
    const actions = new Set([...this.#held].map((code) => KEYS[code]));
    const x = Number(actions.has('right')) - Number(actions.has('left'));
    const y = Number(actions.has('down')) - Number(actions.has('up'));
    const length = Math.hypot(x, y) || 1;
    this.hands.x = x / length;
    this.hands.y = y / length;
    this.hands.dash = actions.has('dash');
    this.hands.brake = actions.has('brake');
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
