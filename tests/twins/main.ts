import { startRedis } from '../support/redis-server.ts';
import { damage } from './damage.ts';
import { MUTANTS } from './mutants.ts';
import { openPair } from './open-pair.ts';
import { asked, complain, runHistories } from './run-histories.ts';
import { runHistory } from './run-history.ts';
import { survivors } from './run-mutants.ts';
import { runSetPieces } from './set-pieces.ts';

const given = asked();
const server = await startRedis({ config: { appendonly: 'no' } });
const pair = await openPair(server.url);
try {
  await runHistories(given, 'Redis', (...history) => runHistory(pair, ...history));
  const piece = await runSetPieces(pair);
  if (piece !== undefined) complain(piece);
  await damage(pair);
  for (const [branch, times] of await pair.reached()) console.log(`${String(times).padStart(8)}  ${branch}`);
  if (given.mutants) {
    const alive = await survivors(server.url, { seeds: 80, steps: 100 });
    console.log(`${MUTANTS.length - alive.length} of ${MUTANTS.length} mutants were told from BullMQ's scripts.`);
    for (const name of alive) complain(`survived: ${name}`);
  }
} finally {
  await pair.close();
  await server.stop();
}
