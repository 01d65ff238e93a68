/** A run of the swarm as JSON: what a failing seed was made of, for repeating it after the drawing of scenarios has changed. */
import type { NetworkConditions, SimulateOptions } from 'rollmesh/simulator';
import { type SwarmGameName, swarmGame } from './swarm-games.js';

type Options = SimulateOptions<unknown, unknown>;

/** What is written. */
export type ScenarioFile = Omit<Options, 'game' | 'network' | 'inputs'> & {
  /** The game by its name. */
  readonly game: SwarmGameName;
  /** Conditions from each peer (row) to each (column). */
  readonly network: readonly (readonly NetworkConditions[])[];
};

/** The run as plain JSON. */
export function scenarioToFile(options: Options, game: SwarmGameName): ScenarioFile {
  const { game: _game, network, inputs, ...rest } = options;
  if (inputs !== undefined) throw new Error('A run with an input script of its own cannot be written.');
  const indexes = Array.from({ length: options.peers + (options.newcomers ?? 0) }, (_, peer) => peer);
  const at = (from: number, to: number): NetworkConditions => {
    const conditions = typeof network === 'function' ? network(from, to) : network;
    if (conditions === undefined) throw new Error('A run without a network cannot be written.');
    return conditions;
  };
  return { ...rest, game, network: indexes.map((from) => indexes.map((to) => at(from, to))) };
}

/** The run that was written. */
export function scenarioFromFile({ game, network, ...rest }: ScenarioFile): Options {
  const at = (from: number, to: number): NetworkConditions => network[from]?.[to] as NetworkConditions;
  return { ...rest, game: swarmGame(rest.seed ?? 1, game), network: at };
}
