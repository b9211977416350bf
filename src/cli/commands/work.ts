import { Facts } from '../../facts/index.ts';
import { startWorkerProcess } from '../../runtime/index.ts';
import { createLogger, logFacts } from '../../telemetry/index.ts';
import type { Command } from '../command.ts';

export const work: Command = {
  name: 'work',
  summary: "run the app's handlers until SIGTERM or SIGINT",
  usage: 'shiftwork work [--app PATH]',
  details: [
    'Writes one JSON line for each thing of note. Jobs that start and succeed have theirs with LOG_LEVEL=debug.',
    'A signal lets running jobs end within SHUTDOWN_GRACE_MS; a second one hands them back at once.',
    '',
  ],
  async run(args, terminal) {
    const facts = new Facts();
    const logger = createLogger({ name: 'worker', variables: terminal.variables });
    logFacts(facts, logger, { success: logger.isLevelEnabled('debug') });
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
