import type { Question, Sample } from '../compare.ts';
import type { Server } from '../servers.ts';

export interface Run {
  /** Jobs at once. */
  readonly concurrency: number;
  readonly waitMs: number;
  readonly jobs: number;
  /** Of BullMQ by itself, where it is so slow that fewer say as much. */
  readonly jobsOfBullMQ?: number;
  /** Shiftwork keeps what ran, as its worker processes do. */
  readonly history?: boolean;
}

/** Before a thousand have ended nothing is removed, and nobody works so for long. */
const KEPT = 1_000;
/**
 * Of those that are counted, how many run before, at least. Until V8 has compiled what a process runs its jobs take two to four times the CPU, of either
 * subject: with 200 jobs before, or 1,000 of which the last ended after a twentieth of a second, the figures were of that.
 */
const BEFORE = 1 / 6;

/** What does it cost to run a job? What a process costs to start is no cost of a job: the first ones are not counted. */
export function running(server: Server, run: Run): Question {
  const { concurrency, waitMs, jobs, jobsOfBullMQ = jobs, history = false } = run;
  return {
    name: `run, ${concurrency} at once${waitMs === 0 ? '' : `, each waits ${waitMs} ms`}${history ? ', with history' : ''}`,
    async sample(program, share): Promise<Sample> {
      const counted = Math.ceil((program.name === 'BullMQ' ? jobsOfBullMQ : jobs) * share);
      const before = Math.ceil(counted * BEFORE);
      // Those that wait take seconds where few do so at once.
      const first = waitMs === 0 || server.kind === 'PostgreSQL' ? Math.max(KEPT, before) : before;
      await program.clear();
      await program.add('bulk', first + counted);
      await server.settle();
      await program.work({ concurrency, waitMs, history });
      const begun = await program.ran(first);
      const [cpuUs, commands] = [await server.cpuUs(), await server.commands()];
      const ended = await program.ran(first + counted);
      const spentUs = (await server.cpuUs()) - cpuUs;
      const done = (await server.commands()) - commands;
      await program.stop();
      const ran = ended.handled - begun.handled;
      return {
        perSecond: (ran / (ended.atMs - begun.atMs)) * 1_000,
        nodeUs: (ended.nodeUs - begun.nodeUs) / ran,
        serverUs: spentUs / ran,
        ...(server.kind === 'Redis' && { commands: done / ran }),
      };
    },
  };
}
