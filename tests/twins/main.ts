import { startRedis } from '../support/redis-server.ts';
import { damage } from './damage.ts';
import { MUTANTS } from './mutants.ts';
import { openPair } from './open-pair.ts';
import { asked, complain, runHistories } from './run-histories.ts';
import { ELSEWHERE, runOwnPieces } from './own-pieces.ts';
import { runHistory } from './run-history.ts';
import { survivors } from './run-mutants.ts';
import { runSetPieces } from './set-pieces.ts';

/** Of so many histories each branch is reached by some, or by a piece that was written for it. */
const SEEDS_FOR_ALL = 100;

const given = asked();
const server = await startRedis({ config: { appendonly: 'no' } });
const pair = await openPair(server.url);
try {
  await runHistories(given, 'Redis', (...history) => runHistory(pair, ...history));
  const piece = await runSetPieces(pair);
  if (piece !== undefined) complain(piece);
  const own = await runOwnPieces(pair);
  if (own !== undefined) complain(own);
  await damage(pair);
  for (const [branch, times] of await pair.reached()) {
    if (ELSEWHERE.includes(branch)) continue;
    console.log(`${String(times).padStart(8)}  ${branch}`);
    if (times === 0 && given.seeds >= SEEDS_FOR_ALL) complain(`never reached: ${branch}`);
  }
  if (given.mutants) {
    const alive = await survivors(server.url, { seeds: 80, steps: 100 });
    console.log(`${MUTANTS.length - alive.length} of ${MUTANTS.length} mutants were told from BullMQ's scripts.`);
    for (const name of alive) complain(`survived: ${name}`);
  }
} finally {
  await pair.close();
  await server.stop();
}
