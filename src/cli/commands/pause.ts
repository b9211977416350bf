import { loadApp } from '../../boot/index.ts';
import { type Command, parseCommand, UsageError } from '../../command/index.ts';
import { withEngine } from '../../boot/engine/index.ts';

/** No worker begins a job of a paused queue; what runs goes on, and producers can go on enqueueing. */
export const pause: Command = switching('pause');
export const resume: Command = switching('resume');

function switching(name: 'pause' | 'resume'): Command {
  return {
    usage: `shiftwork ${name} QUEUE... [--app PATH] [--json]`,
    details: ['What runs goes on, and producers can go on enqueueing. A queue stays paused until it is resumed.', ''],
    async run(args, terminal) {
      const { positionals, app: path, json } = parseCommand(args, {}, { min: 1, max: 100 });
      const app = await loadApp(path);
      const unknown = positionals.filter(queue => !app.queues.has(queue));
      if (unknown.length > 0) {
        throw new UsageError(`Expected queues of the app (${[...app.queues.keys()].join(', ')}).`);
      }
      await withEngine(terminal.variables, async engine => {
        for (const queue of positionals) await (await engine.queue(queue))[name]();
      });
      const state = name === 'pause' ? 'paused' : 'running';
      if (json) terminal.print(JSON.stringify(positionals.map(queue => ({ name: queue, state }))));
      else for (const queue of positionals) terminal.print(`${queue} is ${state}`);
      return 0;
    },
  };
}
