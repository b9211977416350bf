import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { compare, type Row } from '../compare.ts';
import { adding } from '../questions/adding.ts';
import { running } from '../questions/running.ts';
import { commit, cores, load } from '../results.ts';
import { postgresServer, redisServer, type Server } from '../servers.ts';
import type { Program } from '../subjects/start-program.ts';
import { installPeers, type Peers } from './install-peers.ts';
import { killTrials } from './kill-trial.ts';
import { peersPage, type PeerResults } from './page.ts';

const ON_REDIS = ['BullMQ', 'Shiftwork', 'bee-queue', 'groupmq'] as const;
const ON_POSTGRES = ['BullMQ', 'Shiftwork', 'pg-boss', 'graphile-worker'] as const;

/** Installs the peers into a temporary folder and asks them what `npm run bench` asks of BullMQ: `npm run bench -- --peers`. */
export async function comparePeers(rounds: number): Promise<void> {
  const before = load();
  const peers = await installPeers();
  const redis = await redisServer();
  const postgres = await postgresServer();
  try {
    const onRedis = await compareAll(peers, redis, ON_REDIS, Math.min(3, rounds));
    const onPostgres = await compareAll(peers, postgres, ON_POSTGRES, Math.min(2, rounds));
    const killed = [
      ...(await killTrials(peers, redis, ON_REDIS.filter(hasNoSupervisor))),
      ...(await killTrials(peers, postgres, ON_POSTGRES.filter(hasNoSupervisor))),
    ];
    const about =
      `Written by \`npm run bench -- --peers\` at ${commit()}: Node ${process.version}, Redis ${redis.version}, PostgreSQL ${postgres.version}, ${cores()} cores; ` +
      `processes that wanted a core: ${before} before, ${load()} after.`;
    const results: PeerResults = { about, redis: onRedis, postgres: onPostgres, killed };
    writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, rounded, 2)}\n`);
    const style = { ...(await resolveConfig(import.meta.filename)), parser: 'markdown' } as const;
    writeFileSync(new URL('results.md', import.meta.url), await format(peersPage(results), style));
  } finally {
    await postgres.stop();
    await redis.stop();
    await peers.remove();
  }
}

async function compareAll(
  peers: Peers,
  server: Server,
  names: readonly string[],
  rounds: number,
): Promise<readonly Row[]> {
  const isRedis = server.kind === 'Redis';
  const questions = isRedis
    ? [
        adding(server, 'in flight', 8_000),
        adding(server, 'bulk', 8_000),
        ...[10, 50, 200].map(concurrency => running(server, { concurrency, waitMs: 0, jobs: 8_000 })),
      ]
    : [
        adding(server, 'in flight', 2_000),
        adding(server, 'bulk', 4_000),
        ...[10, 50, 200].map(concurrency =>
          running(server, { concurrency, waitMs: 0, jobs: 3_000, jobsOfBullMQ: 300 }),
        ),
      ];
  const rows: Row[] = [];
  for (const question of questions) {
    // Those of one server share it, and some look at it all the time: each is there only while it is asked.
    const programs: Program[] = [];
    for (const name of ['Shiftwork', ...names.filter(each => each !== 'Shiftwork')]) {
      programs.push(await peers.start(name, server.url));
    }
    const ordered = names.flatMap(name => programs.filter(program => program.name === name));
    const found = await compare(question, ordered, rounds);
    for (const row of found) console.log(JSON.stringify(row, rounded));
    rows.push(...found);
    for (const program of programs) await program.close();
  }
  return rows;
}

/** Ours runs under its supervisor, which this program is not: what it does is tried by the fault suite. */
function hasNoSupervisor(name: string): boolean {
  return name !== 'Shiftwork';
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}
