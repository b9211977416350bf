import { loadApp } from '../../boot/index.ts';
import { readQueues } from '../../queue/index.ts';
import { pauseLines } from './pause-text.ts';
import { queueRow } from './queue-row.ts';
import { type Command, parseCommand, table } from '../../command/index.ts';
import { withEngine } from '../../boot/engine/index.ts';

export const stats: Command = {
  usage: 'shiftwork stats [--app PATH] [--json]',
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const { queues, pauses } = await withEngine(terminal.variables, async engine => {
      const { figures, pauses: paused } = await readQueues(engine, app.queues.keys());
      return { queues: figures, pauses: paused };
    });
    const pausesOf = (name: string) => pauses.filter(({ of }) => of.queue === name);
    if (json) terminal.print(JSON.stringify(queues.map(queue => ({ ...queue, pauses: pausesOf(queue.name) }))));
    else {
      for (const line of [...table(queues.map(queueRow)), ...pauseLines(pauses)]) terminal.print(line);
    }
    return 0;
  },
};
