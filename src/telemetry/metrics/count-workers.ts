import { Counter, Gauge, type Registry } from 'prom-client';
import type { Facts } from '../../facts/index.ts';
import type { KnownNames } from './known-names.ts';

type Stop = () => void;

/** Processes, connections and destinations: what goes wrong around the jobs. */
export function countWorkers(
  registry: Registry,
  facts: Facts,
  names: KnownNames,
  engineAway: boolean,
): readonly Stop[] {
  return [
    ...countProcesses(registry, facts),
    ...gaugeEngine(registry, facts, engineAway),
    ...gaugeClock(registry, facts),
    ...countQueues(registry, facts, names),
  ];
}

function countProcesses(registry: Registry, facts: Facts): readonly Stop[] {
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers: [registry] });
  const died = counter('shiftwork_workers_died_total', 'Worker processes that ended without being told to.');
  const recycled = counter('shiftwork_workers_recycled_total', 'Worker processes that were replaced on purpose.');
  const blocked = counter(
    'shiftwork_workers_blocked_total',
    'Times that a worker process answered nothing for a while.',
  );
  const killed = counter(
    'shiftwork_workers_killed_total',
    'Worker processes that their supervisor ended: silent for too long, or still there at the end of the grace period.',
  );
  const wedged = counter(
    'shiftwork_workers_wedged_total',
    'Times that a worker with work to do had stopped fetching it: it reconnected, or left.',
  );
  const failed = counter('shiftwork_listener_failures_total', 'Facts that a listener failed on.');
  const dropped = counter(
    'shiftwork_journal_dropped_total',
    'Runs that are not in the journal: it was away, has no tables, or could not follow.',
  );
  return [
    facts.on('worker.died', () => died.inc()),
    facts.on('worker.recycled', () => recycled.inc()),
    facts.on('worker.blocked', () => blocked.inc()),
    facts.on('worker.killed', () => killed.inc()),
    facts.on('worker.wedged', () => wedged.inc()),
    facts.on('listener.failed', () => failed.inc()),
    facts.on('journal.dropped', ({ fields }) => dropped.inc(fields.runs)),
  ];
}

function gaugeEngine(registry: Registry, facts: Facts, isAway: boolean): readonly Stop[] {
  const registers = [registry];
  const outages = new Counter({
    name: 'shiftwork_engine_outages_total',
    help: 'Outages of the engine as the processes of this host saw them.',
    registers,
  });
  const up = new Gauge({
    name: 'shiftwork_engine_up',
    help: '1 while the engine answers, 0 while it is away for any process of this host.',
    aggregator: 'min',
    registers,
  });
  up.set(isAway ? 0 : 1);
  return [
    facts.on('engine.lost', () => {
      up.set(0);
      outages.inc();
    }),
    facts.on('engine.back', () => up.set(1)),
  ];
}

function gaugeClock(registry: Registry, facts: Facts): readonly Stop[] {
  const registers = [registry];
  const difference = new Gauge({
    name: 'shiftwork_clock_difference_seconds',
    help: "The host's clock minus the engine's, as it was last stated; 0 while they are less than a second apart.",
    registers,
  });
  const doubted = new Gauge({
    name: 'shiftwork_engine_clock_doubted',
    help: "1 while the engine's own clock is taken to be wrong: nothing expires then.",
    aggregator: 'max',
    registers,
  });
  return [
    facts.on('clock.differs', ({ fields: { differenceMs, whose } }) => {
      difference.set(differenceMs / 1_000);
      doubted.set(whose === 'engine' ? 1 : 0);
    }),
    facts.on('clock.agrees', () => {
      difference.set(0);
      doubted.set(0);
    }),
  ];
}

function countQueues(registry: Registry, facts: Facts, names: KnownNames): readonly Stop[] {
  const registers = [registry];
  const opened = new Counter({
    name: 'shiftwork_breaker_openings_total',
    help: 'Times that a destination was found sick. Which one is in the log: hosts are no labels.',
    labelNames: ['queue'],
    registers,
  });
  for (const queue of names.queues) opened.inc({ queue }, 0);
  const unnamed = new Gauge({
    name: 'shiftwork_unnamed_queue_depth',
    help: 'Jobs in queues that no contract of the app names: nobody runs them.',
    labelNames: ['queue', 'state'],
    aggregator: 'max',
    registers,
  });
  return [
    facts.on('breaker.opened', ({ fields }) => opened.inc({ queue: names.queue(fields.queue) })),
    facts.on('queue.unnamed', ({ fields: { queue, waiting, running, delayed, dead } }) => {
      for (const [state, count] of Object.entries({ waiting, running, delayed, dead })) {
        unnamed.set({ queue: names.unnamed(queue), state }, count);
      }
    }),
  ];
}
