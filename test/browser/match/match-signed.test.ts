/** Three real pages that sign what they play, over WebRTC with emulated delay and loss. */
import type { WatchedPage } from '../../support/browser.js';
import { useMatchStage } from './match-stage.js';
import type { SigningReport } from './signed-lab.js';

/** The same pages under an address that is no secure context: a host name that is not localhost. */
const plainOf = (url: string): string => url.replace('localhost', 'lan.test');

const stage = useMatchStage({
  lab: new URL('./signed-lab.ts', import.meta.url),
  name: 'signedLab',
  args: ['--host-resolver-rules=MAP lan.test 127.0.0.1'],
  origins: (url) => [plainOf(url)],
});
const network = { latencyMs: 20, lossPercent: 2 };

/** Reports of all pages, once `isDone` of all of them. */
async function reportsWhen(
  pages: readonly WatchedPage[],
  isDone: (report: SigningReport) => boolean,
): Promise<SigningReport[]> {
  for (;;) {
    const reports = await Promise.all(pages.map(({ page }) => page.evaluate(() => signedLab.report())));
    if (reports.every(isDone)) return reports;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('three pages sign what they play and verify what the others sign, and nothing is refused', async () => {
  const pages = await stage.playTogether([stage.url, stage.url, stage.url], network);
  const reports = await reportsWhen(
    pages,
    ({ peers }) => peers.length === 2 && peers.every(({ verified }) => verified >= 5),
  );
  for (const report of reports) {
    expect(report).toMatchObject({ phase: 'on', problems: [], equivocations: 0, isSecure: true });
    expect(report.batchesSigned).toBeGreaterThanOrEqual(5);
    for (const { state, refused, compared, key } of report.peers) {
      expect({ state, refused }).toEqual({ state: 'signed', refused: 0 });
      expect(compared).toBeGreaterThan(200);
      expect(reports.map((other) => other.key)).toContain(key);
      expect(key).not.toBe(report.key);
    }
  }
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('a page without a secure context plays on unsigned, and both pages show it', async () => {
  const pages = await stage.playTogether([stage.url, plainOf(stage.url)], network);
  const [signed, unsigned] = await reportsWhen(
    pages,
    ({ problems, frameFinal }) => problems.length > 0 || frameFinal > 400,
  );
  expect(unsigned).toMatchObject({ phase: 'unavailable', isSecure: false, batchesSigned: 0 });
  expect(unsigned?.reason).toContain('https');
  expect(signed).toMatchObject({ phase: 'on', problems: [{ problem: 'unsigned' }] });
  expect(signed?.peers).toMatchObject([{ state: 'unsigned', refused: 0 }]);
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});
