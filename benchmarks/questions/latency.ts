import { median, quantile, spread, type Spread } from '../compare.ts';
import { startSubject, type SubjectName } from '../subjects/start-subject.ts';
import type { Program } from '../subjects/start-program.ts';

/** Milliseconds from the call that adds a job to the first line of its handler, in another process. */
export interface Latency {
  readonly perSecond: number;
  readonly subject: string;
  readonly p50: number;
  readonly p99: number;
  /** Of all rounds together. */
  readonly p999: number;
  /** To the first subject, round by round. */
  readonly ratios: { readonly p50: Spread; readonly p99: Spread };
}

/** How much later than they should the handlers of delayed jobs begin, milliseconds. */
export interface Lateness {
  readonly subject: string;
  readonly median: number;
  readonly p99: number;
}

const RATES = [100, 1_000, 5_000] as const;
const CONCURRENCY = 50;
/** Processes and connections are warm after so much of a round. */
const WARM = 0.1;
const DELAYED = { jobs: 300, perSecond: 300, delayMs: 500 } as const;

interface Pair {
  readonly producer: Program;
  readonly worker: Program;
}

export async function latency(
  url: string,
  subjects: readonly SubjectName[],
  rounds: number,
): Promise<{ readonly latency: readonly Latency[]; readonly lateness: readonly Lateness[] }> {
  const pairs = new Map<string, Pair>();
  for (const subject of subjects) {
    pairs.set(subject, { producer: await startSubject(subject, url), worker: await startSubject(subject, url) });
  }
  const found: Latency[] = [];
  for (const perSecond of RATES) {
    const jobs = Math.max(200, perSecond);
    const taken = new Map<string, number[][]>(subjects.map(subject => [subject, []]));
    const order = [...pairs];
    for (let round = 0; round < rounds; round += 1) {
      order.push(...order.splice(0, 1));
      for (const [subject, pair] of order) {
        const waits = await waitsOf(pair, { jobs, perSecond, delayMs: 0 });
        taken.get(subject)?.push(waits.slice(Math.floor(waits.length * WARM)));
      }
    }
    const base = taken.get(subjects[0] ?? '') ?? [];
    for (const [subject, all] of taken) {
      const ratio = (part: number): Spread =>
        spread(all.map((waits, round) => quantile(waits, part) / quantile(base[round] ?? [], part)));
      found.push({
        perSecond,
        subject,
        p50: median(all.map(waits => quantile(waits, 0.5))),
        p99: median(all.map(waits => quantile(waits, 0.99))),
        p999: quantile(all.flat(), 0.999),
        ratios: { p50: ratio(0.5), p99: ratio(0.99) },
      });
    }
  }
  const lateness: Lateness[] = [];
  for (const [subject, pair] of pairs) {
    const late = await waitsOf(pair, DELAYED);
    lateness.push({ subject, median: median(late), p99: quantile(late, 0.99) });
  }
  for (const { producer, worker } of pairs.values()) await Promise.all([producer.close(), worker.close()]);
  return { latency: found, lateness };
}

async function waitsOf(
  { producer, worker }: Pair,
  { jobs, perSecond, delayMs }: { readonly jobs: number; readonly perSecond: number; readonly delayMs: number },
): Promise<readonly number[]> {
  await worker.clear();
  await worker.work({ concurrency: CONCURRENCY, recording: true });
  await producer.pace(jobs, perSecond, delayMs);
  await worker.ran(jobs);
  const starts = await worker.starts();
  await worker.stop();
  return starts.map(({ at, begunAt }) => begunAt - at);
}
