import { partitionTrial } from '../../support/view-trial.js';
(globalThis as any).DBG = true;
test('debug', () => {
  const r = partitionTrial(Number(process.env['SEED']));
  console.log(JSON.stringify(r.problems.slice(0,8), null, 1));
});
