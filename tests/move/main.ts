import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll } from '../../local/release/packed.ts';
import { ROOT } from '../architecture/source-texts.ts';
import { startRedis } from '../support/redis-server.ts';
import { installBullmq, installOurs, type BullmqApp } from './sides.ts';
import { STAGES } from './stages.ts';
import { Trial } from './trial.ts';

/**
 * `npm run try-move`: an app that knows BullMQ alone moves to the packed packages as docs/guides/moving-from-bullmq.md says, and back, once with each of several
 * versions of BullMQ. In each stage there are jobs that wait, are delayed, prioritised, failed, paused, in a flow and of a scheduler, and all of them are counted: each
 * runs once, none is lost. It needs the network: BullMQ comes from the registry, into a folder that goes afterwards.
 *
 * `-- 5.1.0 5`   these versions alone, as npm names them
 */
const VERSIONS = ['5.1.0', '5.10.0', '5.30.0', '5', '6'] as const;

const asked = process.argv.slice(2);
const wanted = asked.length > 0 ? asked : VERSIONS;
const work = mkdtempSync(join(tmpdir(), 'shiftwork-move-'));
try {
  const [library] = packAll(ROOT, work).filter(({ name }) => name === 'shiftwork');
  console.log('installing the packages that are tried');
  const ours = installOurs(work, library?.tarball ?? '');
  const newestFive = installBullmq(work, '5');
  for (const version of wanted) {
    console.log(`\ninstalling bullmq@${version}`);
    const bullmq = version === '5' ? newestFive : installBullmq(work, version);
    await move(bullmq, newestFive, ours).catch((error: unknown) => {
      console.log(`  failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function move(bullmq: BullmqApp, newestFive: BullmqApp, ours: string): Promise<void> {
  console.log(`BullMQ ${bullmq.version}`);
  row(['', 'jobs', 'by BullMQ', 'by ours', 'retried', 'slots']);
  const redis = await startRedis();
  try {
    await using trial = new Trial({ redisUrl: redis.url, bullmq, newestFive, ours });
    await trial.open();
    for (const [index, stage] of STAGES.entries()) {
      const { jobs, byBullmq, byOurs, retried, slots } = await trial.pass(stage, index + 1);
      row([stage.title, jobs, byBullmq, byOurs, retried, slots]);
      if (index === 0) await trial.adopt();
    }
    console.log(`  ${await trial.finish()} jobs: each ran once, none is lost, parents ran behind their children`);
  } finally {
    await redis.stop();
  }
}

function row([title = '', ...figures]: readonly (string | number)[]): void {
  console.log(`  ${String(title).padEnd(30)}${figures.map(figure => String(figure).padStart(11)).join('')}`);
}
