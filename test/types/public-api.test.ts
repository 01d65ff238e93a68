/** The files beside this one hold promises about types; the compiler keeps them or names the line. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('the public types accept what they should and refuse what they should', () => {
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test/types'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
});

test('there are refusals to be checked', () => {
  const promises = ['game', 'session', 'match'].map((name) =>
    readFileSync(new URL(`${name}.types.ts`, import.meta.url), 'utf8'),
  );
  expect(promises.map((text) => text.split('@ts-expect-error').length - 1).every((count) => count >= 5)).toBe(
    true,
  );
});
