/** Testing a game without browsers: `rollmesh/simulator`. */
export { BYZANTINE_STRATEGIES, type Byzantine, type ByzantineStrategy } from './byzantine.js';
export type { CheckName, Violation } from './checks/violations.js';
export type { Fault, FaultCounts, FaultKind } from './faults.js';
export type { BlockForm } from './link.js';
export type { Deliver, LinkCounts } from './link-counts.js';
export type { MessageCount, MessageCounts } from './message-tally.js';
export { type Direction, type NetworkOption, type NetworkOptions, SimulatedNetwork } from './network.js';
export {
  type BurstLoss,
  healedConditions,
  type NetworkConditions,
  type NetworkPresetName,
  networkPresets,
} from './network-conditions.js';
export { type InputScript, type RandomInputOptions, randomInputs } from './random-inputs.js';
export { randomScenario, type ScenarioOptions } from './scenario.js';
export { type ShrinkOptions, shrink } from './shrink.js';
export { simulate } from './simulate.js';
export {
  type Coverage,
  type DesyncReport,
  describeReport,
  type PeerReport,
  type SharedSessionOptions,
  type SimulateOptions,
  type SimulationReport,
} from './simulate-types.js';
export { type SyncTestOptions, type SyncTestResult, syncTest } from './sync-test.js';
export { type Task, usOf, VirtualClock } from './virtual-clock.js';
