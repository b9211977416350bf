import { loadApp } from '../../boot/index.ts';
import { readQueueFigures } from '../../queue/index.ts';
import { queueRow } from './queue-row.ts';
import { type Command, parseCommand, table } from '../../command/index.ts';
import { withEngine } from '../../boot/engine/index.ts';

export const stats: Command = {
  usage: 'shiftwork stats [--app PATH] [--json]',
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const queues = await withEngine(terminal.variables, engine =>
      Promise.all(
        [...app.queues.keys()].map(async name => readQueueFigures(await engine.queue(name), engine.clock.now())),
      ),
    );
    if (json) terminal.print(JSON.stringify(queues));
    else {
      for (const line of table(queues.map(queueRow))) terminal.print(line);
    }
    return 0;
  },
};
