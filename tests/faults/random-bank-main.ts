import { parseArgs } from 'node:util';
import { startPostgres } from '../support/postgres-server.ts';
import { randomBank } from './random-bank.ts';

/** The long form of the random bank: `npm run test:bank [-- --seconds 60 --seed 1 --writers 16]`. */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '16' },
  },
});
const server = await startPostgres();
try {
  const result = await randomBank({
    url: server.url,
    seed: Number(values.seed),
    writers: Number(values.writers),
    commands: Infinity,
    durationMs: Number(values.seconds) * 1_000,
  });
  console.log(result);
  process.exitCode = result.wrong.length === 0 ? 0 : 1;
} finally {
  await server.stop();
}
