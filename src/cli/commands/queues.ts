import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { type Command, parseCommand, table } from '../../command/index.ts';
import { readQueues } from '../../queue/index.ts';
import { pauseLines } from './pause-text.ts';
import { queueRow } from './queue-row.ts';

export const queues: Command = {
  usage: 'shiftwork queues [--app PATH] [--json]',
  details: [
    'All queues that the engine holds in this namespace, also those that no contract of the app names: nobody will run',
    'what is in them. docs/guides/retiring-a-queue.md says how to take a queue out of an app.',
    '',
  ],
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const found = await withEngine(terminal.variables, async engine => {
      const names = new Set([...app.queues.keys(), ...(await engine.queueNames())]);
      const { figures, pauses } = await readQueues(engine, names);
      return figures.map(queue => ({
        ...queue,
        named: app.queues.has(queue.name),
        pauses: pauses.filter(({ of }) => of.queue === queue.name),
      }));
    });
    if (json) terminal.print(JSON.stringify(found));
    else {
      const rows = found.map(({ named, ...figures }) => {
        const { queue, ...counts } = queueRow(figures);
        return { queue, contracts: named ? 'yes' : 'none names it', ...counts };
      });
      const pauses = found.flatMap(queue => queue.pauses);
      for (const line of [...table(rows), ...pauseLines(pauses)]) terminal.print(line);
    }
    return 0;
  },
};
