import { Environment } from '../../config/index.ts';
import { Facts } from '../../facts/index.ts';
import { parentOfProcess } from '../../runtime/index.ts';
import { runSupervisedWorker, startWorkerFleet } from '../../boot/work/index.ts';
import {
  createLogger,
  loadMetrics,
  logFacts,
  loadTracer,
  type HealthServer,
  type Metrics,
} from '../../telemetry/index.ts';
import { type Command, endProcess, type ExitCode, onStopAsked, type Terminal } from '../../command/index.ts';
import { recordOutboxEnds } from '../../boot/outbox/index.ts';
import { METRICS, serveHealth } from '../serve-health.ts';

type MetricsRoom = Awaited<ReturnType<typeof loadMetrics>>;

export const work: Command = {
  usage: 'shiftwork work [--app PATH]',
  details: [
    'Starts WORKER_PROCESSES workers (one for each core) and replaces those that die.',
    'Writes one JSON line for each thing of note. Jobs that start and succeed have theirs with LOG_LEVEL=debug.',
    'WORKER_PORT serves /livez, /readyz and /metrics.',
    'A signal lets running jobs end within SHUTDOWN_GRACE_MS; a second one hands them back at once.',
    '',
  ],
  run(args, terminal) {
    const parent = args.includes('--supervised') ? parentOfProcess() : undefined;
    return parent === undefined ? supervise(args, terminal) : serve(args, terminal, parent);
  },
};

async function supervise(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { facts, logger } = listen(terminal, 'supervisor');
  let asked = 0;
  let stop = (): void => undefined;
  const signalled = (): void => {
    asked += 1;
    stop();
  };
  const listenNoMore = onStopAsked(terminal.variables, signalled);
  try {
    return await superviseUntil(args, terminal, { facts, logger }, fleet => {
      stop = () => fleet.stop();
      // A signal that came while it started.
      if (asked > 0) stop();
    });
  } finally {
    listenNoMore();
  }
}

async function superviseUntil(
  args: readonly string[],
  terminal: Terminal,
  { facts, logger }: ReturnType<typeof listen>,
  started: (fleet: { stop(): void }) => void,
): Promise<ExitCode> {
  const metrics = await metricsWanted(terminal);
  // A job that kills workers is ended here.
  const ends = await recordOutboxEnds(facts, terminal.variables, error =>
    logger.warn({ err: error }, 'ends of jobs are not recorded in the outbox'),
  );
  const fleet = await startWorkerFleet({
    recordsEnds: ends !== undefined,
    argv: args,
    variables: terminal.variables,
    facts,
    openOthers: async app =>
      (await import('../../boot/dead-letters/index.ts')).openOtherLetters(app, terminal.variables),
    program: { file: process.argv[1] ?? '', args: process.argv.slice(2), variables: terminal.variables },
    onReady: () => process.send?.({ type: 'ready' }),
  });
  started(fleet);
  let health: HealthServer | undefined;
  try {
    if (fleet.port !== undefined && metrics !== undefined) {
      health = await serveHealth(metrics, fleet, fleet.port, facts, error =>
        logger.error({ err: error }, 'no metrics'),
      );
      logger.info({ url: `http://localhost:${health.port}` }, 'health and metrics are served');
    }
    return exitCode(await fleet.ended);
  } catch (error) {
    fleet.stop();
    await fleet.ended;
    throw error;
  } finally {
    health?.close();
    await ends?.close(500);
  }
}

async function serve(
  args: readonly string[],
  terminal: Terminal,
  parent: NonNullable<ReturnType<typeof parentOfProcess>>,
): Promise<ExitCode> {
  // Platforms and terminals signal every process: a worker obeys its supervisor alone.
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  const { facts, logger } = listen(terminal, 'worker');
  const { variables } = terminal;
  const counting = await metricsWanted(terminal);
  let metrics: Metrics | undefined;
  const ends = await recordOutboxEnds(facts, variables, error =>
    logger.warn({ err: error }, 'ends of jobs are not recorded in the outbox'),
  );
  try {
    return exitCode(
      await runSupervisedWorker({
        argv: args,
        variables,
        facts,
        parent,
        leave: () => endProcess(1),
        tracer: await loadTracer(),
        onApp: app => {
          metrics = counting?.collectMetrics(facts, app);
        },
        answer: what => (what === METRICS ? metrics?.snapshot() : undefined),
      }),
    );
  } finally {
    await ends?.close();
  }
}

/** Nobody counts where nobody asks. */
async function metricsWanted({ variables }: Terminal): Promise<MetricsRoom | undefined> {
  return new Environment(variables).has('WORKER_PORT') ? loadMetrics() : undefined;
}

function listen({ variables }: Terminal, name: string) {
  const facts = new Facts();
  const logger = createLogger({ name, variables });
  logFacts(facts, logger, { success: logger.isLevelEnabled('debug') });
  return { facts, logger };
}

function exitCode(code: number): ExitCode {
  return code === 0 || code === 2 ? code : 1;
}
