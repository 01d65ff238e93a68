/** Touch: a stick that appears under the left thumb wherever it lands, and two buttons for the right one. */
import { el } from '../dom.js';
import type { Device, Hands } from './device.js';

/** Thumb travel for a full push, in pixels of the page. */
const TRAVEL = 52;

/** See the head of this file. */
export class TouchPad implements Device {
  readonly hands: Hands = { x: 0, y: 0, dash: false, brake: false };
  readonly element: HTMLElement;
  readonly #base = el('div', { class: 'stick' });
  readonly #knob = el('div', { class: 'stick-knob' });
  #pressed = false;
  #stickPointer = -1;
  #originX = 0;
  #originY = 0;

  constructor() {
    this.#base.append(this.#knob);
    const zone = el('div', { class: 'stick-zone' }, this.#base);
    const dash = el('button', { class: 'pad-button pad-dash', text: 'Dash', attributes: { type: 'button' } });
    const brake = el('button', {
      class: 'pad-button pad-brake',
      text: 'Brake',
      attributes: { type: 'button' },
    });
    this.element = el('div', { class: 'touch-pad' }, zone, brake, dash);
    this.#steerWith(zone);
    this.#holdWith(dash, 'dash');
    this.#holdWith(brake, 'brake');
    this.#rest();
  }

  takePress(): boolean {
    const pressed = this.#pressed;
    this.#pressed = false;
    return pressed;
  }

  #steerWith(zone: HTMLElement): void {
    zone.addEventListener('pointerdown', (event) => {
      if (this.#stickPointer !== -1) return;
      this.#stickPointer = event.pointerId;
      zone.setPointerCapture(event.pointerId);
      this.#originX = event.clientX;
      this.#originY = event.clientY;
      const box = zone.getBoundingClientRect();
      this.#base.style.left = `${event.clientX - box.left}px`;
      this.#base.style.top = `${event.clientY - box.top}px`;
      this.#base.classList.add('held');
      event.preventDefault();
    });
    zone.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#stickPointer) return;
      const x = (event.clientX - this.#originX) / TRAVEL;
      const y = (event.clientY - this.#originY) / TRAVEL;
      const length = Math.max(1, Math.hypot(x, y));
      this.hands.x = x / length;
      this.hands.y = y / length;
      this.#knob.style.transform = `translate(${this.hands.x * TRAVEL}px, ${this.hands.y * TRAVEL}px)`;
    });
    const end = (event: PointerEvent): void => {
      if (event.pointerId === this.#stickPointer) this.#rest();
    };
    zone.addEventListener('pointerup', end);
    zone.addEventListener('pointercancel', end);
  }

  #rest(): void {
    this.#stickPointer = -1;
    this.hands.x = 0;
    this.hands.y = 0;
    this.#knob.style.transform = '';
    this.#base.classList.remove('held');
    this.#base.style.left = '';
    this.#base.style.top = '';
  }

  #holdWith(button: HTMLElement, action: 'dash' | 'brake'): void {
    const set = (held: boolean): void => {
      this.hands[action] = held;
      button.classList.toggle('held', held);
    };
    button.addEventListener('pointerdown', (event) => {
      button.setPointerCapture(event.pointerId);
      if (action === 'dash') this.#pressed = true;
      set(true);
      event.preventDefault();
    });
    for (const type of ['pointerup', 'pointercancel'] as const)
      button.addEventListener(type, () => set(false));
    button.addEventListener('contextmenu', (event) => event.preventDefault());
  }
}
