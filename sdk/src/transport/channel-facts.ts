/** What the browser says about a link: the proof that inputs travel unordered and without retransmission. */
import { type CandidateType, candidateType } from './candidate-tally.js';
import type { LinkChannels } from './link-channels.js';

/** Facts of one link, read from the browser. */
export interface ChannelFacts {
  /** Of the channel 'unreliable'. */
  readonly ordered: boolean;
  /** Of the channel 'unreliable'; null would mean: retransmitted for ever. */
  readonly maxRetransmits: number | null;
  /** Of the path in use; `undefined` while there is none. */
  readonly localCandidateType: CandidateType | undefined;
  readonly remoteCandidateType: CandidateType | undefined;
  /** Round trip of the last connectivity check, in ms. */
  readonly roundTripMs: number | undefined;
  /** Bytes on the path in use, with the overhead of DTLS and SCTP, without IP and UDP. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Messages on the three channels. */
  readonly messagesSent: number;
  readonly messagesReceived: number;
}

type StatsRecord = Readonly<Record<string, unknown>>;

/** Reads the facts of a live connection. */
export async function readChannelFacts(
  connection: RTCPeerConnection,
  channels: LinkChannels,
): Promise<ChannelFacts> {
  const { ordered, maxRetransmits } = channels.channel('unreliable');
  const report = await connection.getStats();
  const records: StatsRecord[] = [];
  // Typed as `any` by the platform: the report is foreign, read field by field.
  report.forEach((record: StatsRecord) => {
    records.push(record);
  });
  const pair = selectedPair(records);
  const end = (key: string): CandidateType | undefined => {
    const candidate = records.find(({ id }) => id !== undefined && id === pair?.[key]);
    return candidate && candidateType(` typ ${candidate['candidateType']}`);
  };
  const ours = records.filter(
    ({ type, label }) => type === 'data-channel' && String(label).startsWith('rollmesh-'),
  );
  const roundTripSeconds = pair?.['currentRoundTripTime'];
  return {
    ordered,
    maxRetransmits,
    localCandidateType: end('localCandidateId'),
    remoteCandidateType: end('remoteCandidateId'),
    roundTripMs: typeof roundTripSeconds === 'number' ? roundTripSeconds * 1000 : undefined,
    bytesSent: count(pair, 'bytesSent'),
    bytesReceived: count(pair, 'bytesReceived'),
    messagesSent: ours.reduce((sum, record) => sum + count(record, 'messagesSent'), 0),
    messagesReceived: ours.reduce((sum, record) => sum + count(record, 'messagesReceived'), 0),
  };
}

/** Chromium and Safari name the pair in the transport's record, Firefox marks the pair itself. */
function selectedPair(records: readonly StatsRecord[]): StatsRecord | undefined {
  const named = records.find(({ type }) => type === 'transport')?.['selectedCandidatePairId'];
  return records.find(
    ({ type, id, selected }) =>
      type === 'candidate-pair' && (named === undefined ? selected === true : id === named),
  );
}

function count(record: StatsRecord | undefined, key: string): number {
  const value = record?.[key];
  return typeof value === 'number' ? value : 0;
}
