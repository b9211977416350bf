import { InvalidConfigError } from '../src/errors/index.ts';
import { Facts } from '../src/facts/index.ts';
import { startWorkerProcess, type WorkerProcess } from '../src/runtime/index.ts';
import { createLogger, logFacts } from '../src/telemetry/index.ts';

/** What a worker dyno runs: an app's handlers, until SIGTERM or SIGINT. */
async function main(): Promise<number> {
  const logger = createLogger({ name: 'worker', variables: process.env });
  const facts = new Facts();
  logFacts(facts, logger);

  let asked = 0;
  let worker: WorkerProcess | undefined;
  // Handlers only record: a signal that comes while the worker starts is obeyed as soon as there is something to stop.
  const stop = (): void => {
    asked += 1;
    worker?.stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    worker = await startWorkerProcess({
      argv: process.argv.slice(2),
      variables: process.env,
      facts,
      onReady: () => process.send?.({ type: 'ready' }),
    });
    for (let signal = 0; signal < asked; signal += 1) worker.stop();
    return await worker.ended;
  } catch (error) {
    logger.fatal({ err: error }, 'the worker could not run');
    return error instanceof InvalidConfigError ? 2 : 1;
  }
}

async function run(): Promise<void> {
  const code = await main();
  process.exitCode = code;
  process.disconnect?.();
  // Whatever still holds the loop must not keep a stopped worker alive.
  setTimeout(() => process.exit(code), 500).unref();
}

void run();
