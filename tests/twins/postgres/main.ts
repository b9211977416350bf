import { startPostgres } from '../../support/postgres-server.ts';
import { asked, runHistories } from '../run-histories.ts';
import { MUTANTS } from './mutants.ts';
import { openPair } from './open-pair.ts';
import { runHistory } from './run-history.ts';
import { survivors } from './run-mutants.ts';

const given = asked();
const server = await startPostgres();
const pair = await openPair(server.url);
try {
  await runHistories(given, 'PostgreSQL', (...history) => runHistory(pair, ...history));
  if (given.mutants) {
    const alive = await survivors(pair, { seeds: 150, steps: 100 });
    console.log(`${MUTANTS.length - alive.length} of ${MUTANTS.length} mutants were told from BullMQ's functions.`);
    if (alive.length > 0) process.exitCode = 1;
  }
} finally {
  await pair.close();
  await server.stop();
}
