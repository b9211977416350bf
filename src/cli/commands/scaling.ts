import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { journalSource } from '../../boot/journal/index.ts';
import { type Command, parseCommand, table } from '../../command/index.ts';
import { readScaling } from '../../standing/index.ts';

export const scaling: Command = {
  usage: 'shiftwork scaling [--app PATH] [--json]',
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const read = await withEngine(terminal.variables, async engine => {
      const source = journalSource(engine, terminal.variables);
      try {
        return await readScaling(app, engine, await source.open());
      } finally {
        await source.close();
      }
    });
    if (json) {
      terminal.print(JSON.stringify(read));
      return 0;
    }
    const rows = Object.entries(read.queues).map(([queue, each]) => ({
      queue,
      'arrivals/s': each.arrivalPerSecond.toFixed(1),
      'service s': each.serviceSeconds?.toFixed(2) ?? '-',
      busy: each.utilisation === undefined ? '-' : `${Math.round(each.utilisation * 100)} %`,
      waits: String(each.startable),
      held: String(each.held),
      'drains in s': each.drainSeconds === undefined ? 'never' : each.drainSeconds.toFixed(0),
      processes: `${each.processes.needed} (now ${each.processes.now})`,
    }));
    for (const line of table(rows)) terminal.print(line);
    for (const [queue, { because }] of Object.entries(read.queues)) terminal.print(`${queue}: ${because}`);
    return 0;
  },
};
