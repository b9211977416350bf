import { setTimeout as pause } from 'node:timers/promises';
import type { Server } from '../servers.ts';
import type { Peers } from './install-peers.ts';

/** A worker process was killed while it ran jobs; another one was there. */
export interface KillTrial {
  readonly subject: string;
  readonly server: Server['kind'];
  /** Jobs that it had begun and not ended. */
  readonly inHand: number;
  /** Those of them that the other worker had not begun when the trial was over, and those that it had not taken before and begun by nobody. */
  readonly notBack: number;
  /** How long the last of the others took to come back, seconds. */
  readonly backAfter: number | undefined;
}

const JOBS = 200;
const CONCURRENCY = 50;
const WAIT_MS = 500;
export const PATIENCE_S = 70;

/** One after the other, since each has the server to itself. */
export async function killTrials(
  peers: Peers,
  server: Server,
  subjects: readonly string[],
): Promise<readonly KillTrial[]> {
  const found: KillTrial[] = [];
  for (const subject of subjects) {
    const trial = await kill(peers, server, subject);
    console.log(JSON.stringify(trial));
    found.push(trial);
  }
  return found;
}

async function kill(peers: Peers, server: Server, subject: string): Promise<KillTrial> {
  const [first, second] = [await peers.start(subject, server.url), await peers.start(subject, server.url)];
  await first.clear();
  await first.add('bulk', JOBS);
  await first.work({ concurrency: CONCURRENCY, waitMs: WAIT_MS, recording: true });
  await first.ran(1);
  await pause(WAIT_MS / 4);
  const begun = (await first.starts()).map(({ index }) => index);
  const ended = new Set(await first.ends());
  const inHand = new Set(begun.filter(index => !ended.has(index)));
  await first.kill();
  const killedAt = performance.timeOrigin + performance.now();
  await second.work({ concurrency: CONCURRENCY, waitMs: WAIT_MS, recording: true });
  const all = Array.from({ length: JOBS }, (_, index) => index).filter(index => !ended.has(index));
  let missing = all;
  let backAt: number | undefined;
  while (missing.length > 0 && performance.timeOrigin + performance.now() - killedAt < PATIENCE_S * 1_000) {
    await pause(250);
    const starts = new Map((await second.starts()).map(({ index, begunAt }) => [index, begunAt]));
    missing = all.filter(index => !starts.has(index));
    const came = [...inHand].flatMap(index => starts.get(index) ?? []);
    if (came.length > 0) backAt = Math.max(...came);
  }
  await second.close();
  return {
    subject,
    server: server.kind,
    inHand: inHand.size,
    notBack: missing.length,
    backAfter: backAt === undefined ? undefined : (backAt - killedAt) / 1_000,
  };
}
