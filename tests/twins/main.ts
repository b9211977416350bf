import { parseArgs } from 'node:util';
import { startRedis } from '../support/redis-server.ts';
import { damage } from './damage.ts';
import { isCrowded } from './history.ts';
import { MUTANTS } from './mutants.ts';
import { openPair } from './open-pair.ts';
import { runHistory } from './run-history.ts';
import { survivors } from './run-mutants.ts';
import { runSetPieces } from './set-pieces.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    steps: { type: 'string', default: '100' },
    mutants: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const server = await startRedis({ config: { appendonly: 'no' } });
const pair = await openPair(server.url);
try {
  const [first, seeds] = [Number(values.first), Number(values.seeds)];
  const begun = performance.now();
  for (let seed = first; seed < first + seeds; seed += 1) {
    const differs = await runHistory(pair, seed, Number(values.steps), isCrowded(seed));
    if (differs !== undefined) {
      console.error(differs);
      process.exitCode = 1;
      break;
    }
    if (seed % 100 === 0) console.log(`${seed} histories, ${Math.round((performance.now() - begun) / 1_000)} s`);
  }
  const piece = await runSetPieces(pair);
  if (piece !== undefined) {
    console.error(piece);
    process.exitCode = 1;
  }
  await damage(pair);
  for (const [branch, times] of await pair.reached()) console.log(`${String(times).padStart(8)}  ${branch}`);
  if (values.mutants) {
    const alive = await survivors(server.url, { seeds: 80, steps: 100 });
    console.log(`${MUTANTS.length - alive.length} of ${MUTANTS.length} mutants were told from BullMQ's scripts.`);
    for (const name of alive) console.error(`survived: ${name}`);
    if (alive.length > 0) process.exitCode = 1;
  }
} finally {
  await pair.close();
  await server.stop();
}
