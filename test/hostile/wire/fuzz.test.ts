/**
 * The fuzzer in a bounded run: so many executions per decoder from one seed, so that a red run is red everywhere. It runs in
 * a process of its own, as `npm run fuzz` does. Longer runs: `npm run fuzz -- --minutes 10`.
 */
import { spawnSync } from 'node:child_process';

/** More than a run ever takes, on a machine that does much else. */
const RUN_MS = 180_000;

interface TargetReport {
  readonly target: string;
  readonly executions: number;
  readonly corpus: number;
  readonly reachesAll: boolean;
  readonly branches: number;
  readonly reached: number;
  readonly missed: readonly string[];
  readonly findings: readonly { readonly message: string; readonly hex: string }[];
}

interface Report {
  readonly targets: readonly TargetReport[];
  readonly unowned: readonly string[];
}

function fuzz(args: readonly string[]): { readonly report: Report; readonly status: number | null } {
  const run = spawnSync(process.execPath, ['scripts/fuzz.mjs', '--json', ...args], { encoding: 'utf8' });
  if (run.stdout === '') throw new Error(run.stderr);
  return { report: JSON.parse(run.stdout) as Report, status: run.status };
}

test(
  'no mutated input makes a decoder throw or accept a second encoding, and every branch of the decoders is reached',
  () => {
    const { report, status } = fuzz(['--executions', '10000', '--seed', '1']);
    const names = report.targets.map(({ target }) => target);
    expect(names).toEqual([
      'frame-packet',
      'handshake',
      'view-message',
      'forward',
      'pace',
      'mesh-message',
      'join-message',
      'join-manifest',
      'step-log',
      'signed-batch',
      'signing-message',
      'equivocation',
      'input',
      'buffer-state',
      'plain-state',
      'custom-state',
      'utf8',
      'session',
    ]);
    for (const { target, executions, reachesAll, ...found } of report.targets) {
      expect({ target, findings: found.findings }).toEqual({ target, findings: [] });
      expect(executions).toBeGreaterThanOrEqual(10_000);
      if (reachesAll) expect({ target, missed: found.missed }).toEqual({ target, missed: [] });
      expect(found.branches).toBeGreaterThan(5);
      expect(found.reached / found.branches).toBeGreaterThan(reachesAll ? 0.99 : 0.7);
    }
    // A decoder that somebody adds needs a target.
    expect(report.unowned).toEqual([]);
    expect(status).toBe(0);
  },
  RUN_MS,
);

test(
  'two runs from one seed are the same run',
  () => {
    const args = ['--executions', '1500', '--seed', '5', '--target', 'frame-packet,plain-state,session'];
    const corpora = [fuzz(args), fuzz(args)].map(({ report }) =>
      report.targets.map(({ target, corpus, reached }) => ({ target, corpus, reached })),
    );
    expect(corpora[0]).toEqual(corpora[1]);
  },
  RUN_MS,
);

const WIRE = 'sdk/src/wire';
const STATE = 'sdk/src/state';

interface Plant {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Bugs as they are made: a check forgotten, a bound one off, an assumption about what the other side sends. */
const PLANTS: readonly (readonly [string, Readonly<Record<string, Plant>>])[] = [
  [
    'a crash behind three conditions, a flag that may be any byte, an echo without its flag, padding that may be set, a reserved word nobody looks at, text that throws, a slot that is not there',
    {
      'frame-packet': {
        file: `${WIRE}/frame-packet.ts`,
        from: 'header.relayCellsAt = offset + 4;',
        to: "header.relayCellsAt = offset + 4; if (header.hasHash && header.relayCount > 28 && header.count === 3) throw new TypeError('planted');",
      },
      'view-message': {
        file: `${WIRE}/view-messages.ts`,
        from: "if (held === undefined || flag > 1) return undefined;\n  return { viewId, ballot, kind: 'propose'",
        to: "if (held === undefined) return undefined;\n  return { viewId, ballot, kind: 'propose'",
      },
      handshake: {
        file: `${WIRE}/handshake-message.ts`,
        from: 'if (!hasEcho && (read32(bytes, 29) !== 0 || read16(bytes, 33) !== 0)) return undefined;',
        to: '',
      },
      input: {
        file: `${STATE}/input.ts`,
        from: 'if (((bytes[offset + byteLength - 1] as number) & paddingMask) !== 0) return false;',
        to: '',
      },
      'buffer-state': {
        file: `${STATE}/define-state.ts`,
        from: '!isZero(4, HEADER_BYTES) || ',
        to: '',
      },
      'plain-state': {
        file: `${STATE}/plain-values.ts`,
        from: 'return copyPlain(JSON.parse(text) as unknown);\n  } catch {',
        to: 'return copyPlain(JSON.parse(text) as unknown);\n  } catch (error) {\n    if (text.length > 40) throw error;',
      },
      session: {
        file: 'sdk/src/session/frame-exchange.ts',
        from: 'if (log === undefined || log.owner === from.index ||',
        to: "if (log === undefined || header.relayCount > 30) throw new RangeError('planted');\n    if (log.owner === from.index ||",
      },
    },
  ],
  [
    'spare bits nobody looks at, trailing bytes, a checksum nobody checks, an input before its first byte, a bool of any value, overlong text',
    {
      'frame-packet': {
        file: `${WIRE}/input-cells.ts`,
        from: 'if (bits >> inGroup !== 0) return -1;',
        to: '',
      },
      'view-message': {
        file: `${WIRE}/byte-cursor.ts`,
        from: 'return this.ok && this.at === this.bytes.length;',
        to: 'return this.ok;',
      },
      forward: {
        file: `${WIRE}/view-messages.ts`,
        from: 'if (read16(bytes, 1) !== packetCrc(bytes, bytes.length, matchKey)) return undefined;\n  return { from',
        to: 'return { from',
      },
      input: {
        file: `${STATE}/input.ts`,
        from: 'if (offset < 0 || offset + byteLength > bytes.length) return false;',
        to: 'if (offset + byteLength > bytes.length) return false;',
      },
      'buffer-state': {
        file: `${STATE}/define-state.ts`,
        from: "type !== 'bool' || !isScalar || (bytes[SCHEMA_BYTES + byteOffset] as number) < 2",
        to: 'byteOffset >= 0',
      },
      utf8: { file: 'sdk/src/base/utf8.ts', from: 'return code < least || ', to: 'return ' },
    },
  ],
  [
    'a masked byte that may be zero',
    {
      'frame-packet': {
        file: `${WIRE}/input-cells.ts`,
        from: 'if (at >= end || bytes[at] === 0) return -1;',
        to: 'if (at >= end) return -1;',
      },
    },
  ],
];

test.each(PLANTS)(
  'planted bugs are found: %s',
  (_names, bugs) => {
    const names = Object.keys(bugs);
    const plants = JSON.stringify(Object.values(bugs));
    const { report, status } = fuzz([
      '--executions',
      '400000',
      '--target',
      names.join(','),
      '--plants',
      plants,
    ]);
    const found = report.targets.filter(({ findings }) => findings.length > 0).map(({ target }) => target);
    expect(found.sort()).toEqual(names.sort());
    expect(status).toBe(1);
  },
  RUN_MS,
);
