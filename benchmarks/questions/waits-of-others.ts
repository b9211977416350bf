import { constants, getPriority, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { quantile } from '../compare.ts';
import type { Server } from '../servers.ts';
import { startSubject, type SubjectName } from '../subjects/start-subject.ts';
import { startProbe } from './start-probe.ts';

/** What other clients of that Redis wait for an answer meanwhile, milliseconds. */
export interface WaitsOfOthers {
  readonly subject: string;
  /** `nothing`: by itself on this machine, whatever else runs there. */
  readonly behind: 'nothing' | 'bulk adds' | 'turns';
  readonly payloadKb: number;
  /** Of a client that asks a thousand times a second, which goes before others on the cores, as the server does, where they may be given that. */
  readonly p99: number;
  /** How long one script kept the server. */
  readonly scriptP99?: number;
}

const LOADS = [
  { payloadKb: 1, jobs: 12_000 },
  { payloadKb: 200, jobs: 400 },
] as const;
const BY_ITSELF_MS = 2_000;

export async function waitsOfOthers(
  server: Server,
  subjects: readonly SubjectName[],
): Promise<readonly WaitsOfOthers[]> {
  const redis = new Redis(server.url);
  const probe = await startProbe(server.url);
  const found: WaitsOfOthers[] = [];
  // What scripts make others wait for is asked, and not what a worker does that has their core.
  const usual = getPriority();
  prefer([server.pid, probe.pid], constants.priority.PRIORITY_HIGHEST);
  await probe.begin();
  await pause(BY_ITSELF_MS);
  found.push({ subject: 'nobody', behind: 'nothing', payloadKb: 0, p99: quantile(await probe.end(), 0.99) });
  for (const subject of subjects) {
    const program = await startSubject(subject, server.url);
    for (const { payloadKb, jobs } of LOADS) {
      const note = async (behind: WaitsOfOthers['behind'], work: () => Promise<unknown>): Promise<void> => {
        await redis.config('RESETSTAT');
        await probe.begin();
        await work();
        const waits = await probe.end();
        found.push({ subject, behind, payloadKb, p99: quantile(waits, 0.99), scriptP99: await scriptP99(redis) });
      };
      await program.clear();
      await note('bulk adds', () => program.add('bulk', jobs, { bytes: payloadKb * 1_000 }));
      await note('turns', async () => {
        await program.work({ concurrency: 200 });
        await program.ran(jobs);
      });
      await program.stop();
    }
    await program.close();
  }
  await probe.close();
  await redis.quit();
  prefer([server.pid], usual);
  return found;
}

/** On the cores, where this process may say so. */
function prefer(pids: readonly (number | undefined)[], priority: number): void {
  for (const pid of pids) {
    if (pid === undefined) continue;
    try {
      setPriority(pid, priority);
    } catch {
      // Only an administrator may: they then wait for a core as others do.
    }
  }
}

async function scriptP99(redis: Redis): Promise<number> {
  const said = /^latency_percentiles_usec_evalsha:.*p99=([\d.]+)/m.exec(await redis.info('latencystats'))?.[1];
  return Number(said) / 1_000;
}
