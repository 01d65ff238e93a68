/**
 * A second codec of the messages of a join, written from docs/wire-join.md alone and without anything of sdk/src: slow,
 * plain, and independent, so that the document and the code can be held against each other.
 */
import { checksum } from './second-codec.js';

/** What both ends know: the join key. */
export type JoinKey = number;

/** A message as names and plain values; bytes are arrays of numbers. */
export interface JoinRecord {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A sequence of bytes that is read from the front. */
class Source {
  readonly #bytes: readonly number[];
  #at = 0;

  constructor(bytes: readonly number[]) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(count: number): number[] {
    if (count > this.left) throw new Error('too short');
    this.#at += count;
    return this.#bytes.slice(this.#at - count, this.#at);
  }

  number(size: number): number {
    return this.take(size).reduce((sum, byte, index) => sum + byte * 256 ** index, 0);
  }

  within(size: number, least: number, most: number): number {
    const value = this.number(size);
    if (value < least || value > most) throw new Error(`${value} is not from ${least} to ${most}`);
    return value;
  }

  end(): void {
    if (this.left > 0) throw new Error('too long');
  }
}

function bytesOf(value: unknown, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Math.floor((value as number) / 256 ** index) % 256);
}

/** UTF-8 without a replacement for what is ill-formed. */
function textOf(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

const CONTROLS = 3;

/** Reads any message of a join; throws an Error that says what is wrong with it. */
export function readJoinMessage(bytes: readonly number[], joinKey: JoinKey): JoinRecord {
  const source = new Source(bytes);
  const kind = source.number(1);
  const key = kind === 0x90 || kind === 0x91 ? 0x524d : joinKey;
  if (source.number(2) !== checksum(bytes, key)) throw new Error('checksum');
  switch (kind) {
    case 0x90:
      return readJoin(source, bytes.length);
    case 0x91:
      return readReply(source);
    case 0x92: {
      const record = { kind: 'manifest-request', nonce: source.number(4), flags: source.within(1, 0, 3) };
      source.end();
      return record;
    }
    case 0x93:
      if (bytes.length > 16_384) throw new Error('too long');
      return readManifest(source);
    case 0x94: {
      const head = { kind: 'attest', nonce: source.number(4), log: source.within(1, 0, 1) };
      const record = { ...head, digest: source.number(4) };
      source.end();
      return record;
    }
    case 0x95: {
      const frame = source.number(4);
      const log = source.within(1, 0, 1);
      const count = source.within(1, 1, 64);
      const indices: number[] = [];
      for (let place = 0; place < count; place += 1)
        indices.push(source.within(2, (indices.at(-1) ?? -1) + 1, 1048));
      source.end();
      return { kind: 'chunk-request', frame, log, indices };
    }
    case 0x96:
    case 0x97: {
      const name = kind === 0x96 ? 'chunk' : 'log';
      const record = { kind: name, frame: source.number(4), index: source.within(2, 0, 1048) };
      if (source.left < 1 || source.left > 16_000) throw new Error('length of a chunk');
      return { ...record, bytes: source.take(source.left) };
    }
    default:
      throw new Error('no message of a join');
  }
}

function readJoin(source: Source, length: number): JoinRecord {
  if (length < 34 || length > 1100) throw new Error('length of a join');
  const wireVersion = source.number(1);
  const [match, game, version, schema, nonce] = Array.from({ length: 5 }, () => source.number(4));
  const head = { kind: 'join', wireVersion, match, game, version, schema, nonce };
  if (wireVersion !== 1) return head;
  const slots = source.within(1, 0, 16);
  const flags = source.within(1, 0, 1);
  const frame = source.number(4);
  const stateHash = source.number(4);
  if (flags === 0 && frame + stateHash > 0) throw new Error('a state without the flag');
  source.end();
  return { ...head, slots, flags, frame, stateHash };
}

function readReply(source: Source): JoinRecord {
  const nonce = source.number(4);
  const status = source.within(1, 0, 4);
  if (status === 2) {
    if (source.left > 120) throw new Error('length of a reason');
    return { kind: 'join-reply', nonce, status, reason: textOf(source.take(source.left)) };
  }
  const frame = status === 3 ? { frame: source.number(4) } : {};
  source.end();
  return { kind: 'join-reply', nonce, status, ...frame };
}

function readManifest(source: Source): JoinRecord {
  const head = {
    ...{ kind: 'manifest', matchKey: source.number(2), seed: source.number(4), view: source.number(4) },
    ...{ frame: source.number(4), flags: source.within(1, 0, 3), stateHash: source.number(4) },
  };
  const length = source.within(4, 1, 16_777_216);
  const bytesHash = source.number(4);
  const chunkSize = source.within(2, 1000, 16_000);
  const chunkCount = Math.ceil(length / chunkSize);
  if (chunkCount > 1049) throw new Error('number of chunks');
  const chunkHashes = Array.from({ length: chunkCount }, () => source.number(4));
  const peers = Array.from({ length: source.within(1, 1, 31) }, () => ({
    id: source.take(source.within(1, 1, 64)),
    ...{ member: source.within(1, 0, 1), joinNumber: source.number(2) },
  }));
  if (peers.some(({ id }) => id.some((code) => code < 0x21 || code > 0x7e))) throw new Error('id');
  if (new Set(peers.map(({ id }) => id.join())).size < peers.length) throw new Error('an id twice');
  const inputBytes = source.within(1, 1, 64);
  const slots = Array.from({ length: source.within(1, 1, 16) }, () => {
    const owner = source.number(1);
    const control = source.within(1, 0, CONTROLS);
    if (owner === 255 ? control !== 3 : owner >= peers.length) throw new Error('owner');
    const numbers = { since: source.number(4), epoch: source.number(2), held: source.number(4) };
    return { owner, control, ...numbers, input: source.take(inputBytes) };
  });
  if (source.left > 8192) throw new Error('length of the config');
  const config = textOf(source.take(source.left));
  if (!config.startsWith('{') || sortedText(JSON.parse(config), 0) !== config) throw new Error('config');
  return { ...head, length, bytesHash, chunkSize, chunkHashes, peers, inputBytes, slots, config };
}

/** The one text of a JSON value. */
function sortedText(value: unknown, depth: number): string {
  if (depth > 32) throw new Error('nested too deep');
  if (Array.isArray(value)) return `[${value.map((item) => sortedText(item, depth + 1)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  const entries = keys.map((key) => [key, Object.getOwnPropertyDescriptor(value, key)?.value] as const);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sortedText(item, depth + 1)}`).join(',')}}`;
}

/** Writes what {@link readJoinMessage} gives. */
export function writeJoinMessage(record: JoinRecord, joinKey: JoinKey): number[] {
  const [kind, ...rest] = contentOf(record);
  const key = kind === 0x90 || kind === 0x91 ? 0x524d : joinKey;
  return [kind as number, ...bytesOf(checksum([kind as number, 0, 0, ...rest], key), 2), ...rest];
}

function contentOf(record: JoinRecord): number[] {
  const number = (name: string, size: number): number[] => bytesOf(record[name], size);
  const text = (name: string): number[] => [...new TextEncoder().encode(record[name] as string)];
  const list = (name: string): Record<string, unknown>[] => record[name] as Record<string, unknown>[];
  switch (record.kind) {
    case 'join':
      return [
        ...[0x90, ...number('wireVersion', 1), ...number('match', 4), ...number('game', 4)],
        ...[...number('version', 4), ...number('schema', 4), ...number('nonce', 4)],
        ...[...number('slots', 1), ...number('flags', 1), ...number('frame', 4), ...number('stateHash', 4)],
      ];
    case 'join-reply': {
      const head = [0x91, ...number('nonce', 4), ...number('status', 1)];
      return record['status'] === 2
        ? [...head, ...text('reason')]
        : record['status'] === 3
          ? [...head, ...number('frame', 4)]
          : head;
    }
    case 'manifest-request':
      return [0x92, ...number('nonce', 4), ...number('flags', 1)];
    case 'attest':
      return [0x94, ...number('nonce', 4), ...number('log', 1), ...number('digest', 4)];
    case 'chunk-request': {
      const indices = record['indices'] as number[];
      const head = [0x95, ...number('frame', 4), ...number('log', 1), indices.length];
      return [...head, ...indices.flatMap((index) => bytesOf(index, 2))];
    }
    case 'chunk':
    case 'log': {
      const head = [record.kind === 'chunk' ? 0x96 : 0x97, ...number('frame', 4), ...number('index', 2)];
      return [...head, ...(record['bytes'] as number[])];
    }
    default:
      return [
        ...[
          0x93,
          ...number('matchKey', 2),
          ...number('seed', 4),
          ...number('view', 4),
          ...number('frame', 4),
        ],
        ...[
          ...number('flags', 1),
          ...number('stateHash', 4),
          ...number('length', 4),
          ...number('bytesHash', 4),
        ],
        ...[
          ...number('chunkSize', 2),
          ...(record['chunkHashes'] as number[]).flatMap((hash) => bytesOf(hash, 4)),
        ],
        list('peers').length,
        ...list('peers').flatMap(({ id, member, joinNumber }) => [
          ...[(id as number[]).length, ...(id as number[]), member as number, ...bytesOf(joinNumber, 2)],
        ]),
        ...[...number('inputBytes', 1), list('slots').length],
        ...list('slots').flatMap(({ owner, control, since, epoch, held, input }) => [
          ...[
            owner as number,
            control as number,
            ...bytesOf(since, 4),
            ...bytesOf(epoch, 2),
            ...bytesOf(held, 4),
          ],
          ...(input as number[]),
        ]),
        ...text('config'),
      ];
  }
}
