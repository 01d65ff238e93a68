/** The pure part of `rollmesh`: what a simulation may import. Stands for the package in demo-pure.tsconfig.json. */
export * from '../../sdk/src/session/index.js';
export * from '../../sdk/src/state/index.js';
