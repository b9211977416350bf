import { Facts } from '../../facts/index.ts';
import { startWorkerProcess } from '../../runtime/index.ts';
import { createLogger, logFacts } from '../../telemetry/index.ts';
import type { Command } from '../command.ts';

export const work: Command = {
  name: 'work',
  summary: "run the app's handlers until SIGTERM or SIGINT",
  usage: 'shiftwork work [--app PATH]',
  async run(args, terminal) {
    const facts = new Facts();
    logFacts(facts, createLogger({ name: 'worker', variables: terminal.variables }));
    let asked = 0;
    let stop = (): void => undefined;
    const listen = (): void => {
      asked += 1;
      stop();
    };
    process.on('SIGTERM', listen);
    process.on('SIGINT', listen);
    const worker = await startWorkerProcess({
      argv: args,
      variables: terminal.variables,
      facts,
      onReady: () => process.send?.({ type: 'ready' }),
    });
    stop = () => worker.stop();
    // A signal that came while it started.
    for (let signal = 0; signal < asked; signal += 1) stop();
    return (await worker.ended) === 0 ? 0 : 1;
  },
};
