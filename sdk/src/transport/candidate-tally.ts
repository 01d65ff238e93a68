/** Counts ICE candidates by type, so that a link which never opened can say what was tried. */

/** Where a candidate came from: this machine, a STUN server's answer, a packet of the peer, a TURN server. */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

const TYPES: readonly CandidateType[] = ['host', 'srflx', 'prflx', 'relay'];

/** The type in a candidate line, `undefined` if it names none. */
export function candidateType(candidate: string): CandidateType | undefined {
  const word = / typ (\w+)/.exec(candidate)?.[1];
  return TYPES.find((type) => type === word);
}

/** How many candidates of each type one side offered. */
export class CandidateTally {
  readonly #counts = new Map<CandidateType, number>();

  add(candidate: string): void {
    const type = candidateType(candidate);
    if (type !== undefined) this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
  }

  /** Adds those written into a session description. */
  addDescription(sdp: string): void {
    for (const line of sdp.match(/^a=candidate:.*$/gm) ?? []) this.add(line);
  }

  /** '2 host, 1 srflx' or 'none'. No addresses: they are nobody's business but the browser's. */
  toString(): string {
    const parts = TYPES.filter((type) => this.#counts.has(type)).map(
      (type) => `${this.#counts.get(type)} ${type}`,
    );
    return parts.length > 0 ? parts.join(', ') : 'none';
  }
}
