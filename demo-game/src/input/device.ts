/** What keyboard, touch pad and gamepad have in common. */

/** What one device says now: a direction with length 0 to 1, and two buttons. */
export interface Hands {
  x: number;
  y: number;
  dash: boolean;
  brake: boolean;
}

/** Something that can be held. */
export interface Device {
  readonly hands: Readonly<Hands>;
  /** True once for each press of dash since the last call. */
  takePress(): boolean;
}
