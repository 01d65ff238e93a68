/** Rollmesh: peer-to-peer multiplayer for browser games. */
export * from './session/index.js';
