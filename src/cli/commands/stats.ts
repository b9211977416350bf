import { loadApp } from '../../contracts/index.ts';
import type { Command } from '../command.ts';
import { parseCommand } from '../parse.ts';
import { table } from '../table.ts';
import { withEngine } from '../with-engine.ts';

export const stats: Command = {
  name: 'stats',
  summary: 'how many jobs each queue holds, by state',
  usage: 'shiftwork stats [--json]',
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const rows = await withEngine(terminal.variables, engine =>
      Promise.all(
        [...app.queues.keys()].map(async name => {
          const queue = await engine.queue(name);
          const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed');
          return {
            queue: name,
            waiting: (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0),
            delayed: counts['delayed'] ?? 0,
            running: counts['active'] ?? 0,
            succeeded: counts['completed'] ?? 0,
            dead: counts['failed'] ?? 0,
            paused: await queue.isPaused(),
          };
        }),
      ),
    );
    for (const line of json ? [JSON.stringify(rows)] : table(rows)) terminal.print(line);
    return 0;
  },
};
