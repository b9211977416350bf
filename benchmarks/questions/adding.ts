import type { Question, Sample } from '../compare.ts';
import type { Server } from '../servers.ts';
import type { How } from '../subjects/asks.ts';

/** What does it cost to add a job? */
export function adding(server: Server, how: How, jobs: number): Question {
  const words: Readonly<Record<How, string>> = {
    'one by one': 'add, one by one',
    'in flight': 'add, 1,000 in flight',
    bulk: 'add, bulks of 1,000',
    delayed: 'add delayed, 1,000 in flight',
    keyed: 'add with a key, 1,000 in flight',
  };
  return {
    name: words[how],
    async sample(program, share): Promise<Sample> {
      const count = Math.ceil(jobs * share);
      await program.clear();
      const bytes = await server.bytes();
      const [cpuUs, commands] = [await server.cpuUs(), await server.commands()];
      const spent = await program.add(how, count);
      const spentUs = (await server.cpuUs()) - cpuUs;
      const done = (await server.commands()) - commands;
      return {
        perSecond: (count / spent.ms) * 1_000,
        nodeUs: spent.nodeUs / count,
        serverUs: spentUs / count,
        ...(server.kind === 'Redis' && { commands: done / count, bytes: ((await server.bytes()) - bytes) / count }),
      };
    },
  };
}
