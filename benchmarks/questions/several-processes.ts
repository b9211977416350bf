import { median } from '../compare.ts';
import type { Server } from '../servers.ts';
import { startSubject, type SubjectName } from '../subjects/start-subject.ts';
import type { Program } from '../subjects/start-program.ts';

/** How a burst that is smaller than one process's slots spreads over idle processes. */
export interface Spreading {
  readonly subject: string;
  readonly processes: number;
  readonly jobs: number;
  /** The process that is farthest from its share: 0.25 is a quarter more or less. Median of the bursts. */
  readonly farthest: number;
}

/** What several processes run together on one server. */
export interface Together {
  readonly subject: string;
  readonly processes: number;
  readonly perSecond: number;
  /** CPU that the server took for a job, and how much of one core it had. */
  readonly serverUs: number;
  readonly serverBusy: number;
}

const PROCESSES = 4;
const BURST = 40;
const BURSTS = 5;
const JOBS = 24_000;

export async function spreading(url: string, subjects: readonly SubjectName[]): Promise<readonly Spreading[]> {
  const found: Spreading[] = [];
  for (const subject of subjects) {
    const producer = await startSubject(subject, url);
    const workers = await startMany(subject, url, PROCESSES);
    await producer.clear();
    for (const worker of workers) await worker.work({ concurrency: 50, waitMs: 100, recording: true });
    const farthest: number[] = [];
    let before: readonly number[] = workers.map(() => 0);
    for (let burst = 1; burst <= BURSTS; burst += 1) {
      await producer.add('bulk', BURST, { from: burst * BURST });
      const now = await countsWhen(workers, burst * BURST);
      const taken = now.map((count, nth) => count - (before[nth] ?? 0));
      farthest.push(Math.max(...taken.map(count => Math.abs(count / (BURST / PROCESSES) - 1))));
      before = now;
    }
    found.push({ subject, processes: PROCESSES, jobs: BURST, farthest: median(farthest) });
    for (const program of [producer, ...workers]) await program.close();
  }
  return found;
}

async function countsWhen(workers: readonly Program[], all: number): Promise<readonly number[]> {
  for (;;) {
    const counts = await Promise.all(workers.map(async worker => (await worker.ends()).length));
    if (counts.reduce((sum, count) => sum + count, 0) >= all) return counts;
  }
}

export async function together(
  server: Server,
  subjects: readonly SubjectName[],
  most: number,
): Promise<readonly Together[]> {
  const found: Together[] = [];
  for (const subject of subjects) {
    const workers = await startMany(subject, server.url, most);
    for (let processes = 1; processes <= most; processes += 1) {
      const [first] = workers;
      await first?.clear();
      await first?.add('bulk', JOBS);
      const cpuUs = await server.cpuUs();
      const begun = performance.now();
      const working = workers.slice(0, processes);
      await Promise.all(working.map(worker => worker.work({ concurrency: 200 })));
      await ranTogether(working, JOBS);
      const ms = performance.now() - begun;
      const spentUs = (await server.cpuUs()) - cpuUs;
      await Promise.all(working.map(worker => worker.stop()));
      found.push({
        subject,
        processes,
        perSecond: (JOBS / ms) * 1_000,
        serverUs: spentUs / JOBS,
        serverBusy: spentUs / (ms * 1_000),
      });
    }
    for (const worker of workers) await worker.close();
  }
  return found;
}

async function ranTogether(workers: readonly Program[], all: number): Promise<void> {
  for (;;) {
    const counts = await Promise.all(workers.map(async worker => (await worker.ran(0)).handled));
    if (counts.reduce((sum, count) => sum + count, 0) >= all) return;
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

async function startMany(subject: SubjectName, url: string, count: number): Promise<readonly Program[]> {
  return Promise.all(Array.from({ length: count }, () => startSubject(subject, url)));
}
