/** The first gamepad that is connected: left stick or cross steers, A or the right trigger dashes, B or the left brakes. */
import type { Device, Hands } from './device.js';

const A = 0;
const B = 1;
const LEFT_TRIGGER = 6;
const RIGHT_TRIGGER = 7;
const CROSS = { up: 12, down: 13, left: 14, right: 15 } as const;

/** See the head of this file. */
export class Gamepads implements Device {
  readonly hands: Hands = { x: 0, y: 0, dash: false, brake: false };
  #pressed = false;
  /** Polling the list costs something in each frame: only once a pad has said that it is there. */
  #present = false;

  constructor() {
    window.addEventListener('gamepadconnected', () => {
      this.#present = true;
    });
  }

  takePress(): boolean {
    const pressed = this.#pressed;
    this.#pressed = false;
    return pressed;
  }

  /** Reads the pad: gamepads have no events for their sticks. */
  poll(): void {
    if (!this.#present) return;
    const pad = navigator.getGamepads().find((candidate) => candidate?.connected === true);
    if (pad === null || pad === undefined) {
      this.hands.x = 0;
      this.hands.y = 0;
      this.hands.dash = false;
      this.hands.brake = false;
      return;
    }
    const held = (button: number): boolean => pad.buttons[button]?.pressed === true;
    const crossX = Number(held(CROSS.right)) - Number(held(CROSS.left));
    const crossY = Number(held(CROSS.down)) - Number(held(CROSS.up));
    const length = Math.hypot(crossX, crossY) || 1;
    const cross = crossX !== 0 || crossY !== 0;
    this.hands.x = cross ? crossX / length : (pad.axes[0] ?? 0);
    this.hands.y = cross ? crossY / length : (pad.axes[1] ?? 0);
    const dash = held(A) || held(RIGHT_TRIGGER);
    if (dash && !this.hands.dash) this.#pressed = true;
    this.hands.dash = dash;
    this.hands.brake = held(B) || held(LEFT_TRIGGER);
  }
}
