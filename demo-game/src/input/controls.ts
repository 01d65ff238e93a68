/**
 * The player's hands: keyboard, touch and gamepad at once, whichever pushes harder. A press shorter than a frame is
 * kept until a frame has seen it.
 */
import { HEADING_COUNT, nearestHeading, type RumbleInput, THRUST_MAX } from '../game/index.js';
import type { Device } from './device.js';
import { Gamepads } from './gamepad.js';
import { Keyboard } from './keyboard.js';

/** Shorter pushes of a stick are a thumb at rest. */
const DEAD_ZONE = 0.22;

/** Turns devices into inputs. */
export class Controls {
  readonly #devices: Device[];
  readonly #keyboard = new Keyboard();
  readonly #gamepads = new Gamepads();
  #nudged = false;

  constructor() {
    this.#devices = [this.#keyboard, this.#gamepads];
  }

  /** Adds a device, such as the touch pad. */
  add(device: Device): void {
    this.#devices.push(device);
  }

  /** Whether keys belong to the game now (arrows and space then do not scroll the page). */
  set playing(playing: boolean) {
    this.#keyboard.playing = playing;
  }

  /** What the pause key does. */
  set onPause(onPause: () => void) {
    this.#keyboard.onPause = onPause;
  }

  /** Presses dash once, for a button on the screen. */
  nudge(): void {
    this.#nudged = true;
  }

  /** What to say in this frame. */
  read(): RumbleInput {
    this.#gamepads.poll();
    let x = 0;
    let y = 0;
    let strength = 0;
    let dash = this.#nudged;
    let brake = false;
    this.#nudged = false;
    for (const device of this.#devices) {
      const pressed = device.takePress();
      const { hands } = device;
      dash = dash || hands.dash || pressed;
      brake = brake || hands.brake;
      const push = Math.hypot(hands.x, hands.y);
      if (push > strength) [x, y, strength] = [hands.x, hands.y, push];
    }
    if (strength < DEAD_ZONE) return { heading: 0, thrust: 0, dash, brake };
    return { heading: nearestHeading(x, y) % HEADING_COUNT, thrust: quantize(strength), dash, brake };
  }
}

/** 1 to 3: few steps, so that a steady thumb says the same thing frame after frame. */
function quantize(strength: number): number {
  const share = (strength - DEAD_ZONE) / (0.9 - DEAD_ZONE);
  return Math.max(1, Math.min(THRUST_MAX, Math.ceil(share * THRUST_MAX)));
}
