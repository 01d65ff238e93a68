/** The game as the rest of the demo and the tests see it. */
export * from './bot.js';
export * from './effects.js';
export * from './headings.js';
export * from './platform.js';
export * from './rules.js';
export * from './rumble.js';
export * from './rumble-input.js';
export * from './rumble-state.js';
