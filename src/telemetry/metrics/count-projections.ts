import { Counter, Gauge, type Registry } from 'prom-client';
import type { Facts } from '../../facts/index.ts';
import type { KnownNames } from './known-names.ts';

/** How far read models are behind, and which of them stand still. Reported by the process that runs them. */
export function countProjections(registry: Registry, facts: Facts, names: KnownNames): readonly (() => void)[] {
  const registers = [registry];
  const labelNames = ['projection'];
  const lagEvents = new Gauge({
    name: 'shiftwork_projection_lag_events',
    help: 'Events that a projection has yet to write, as last told.',
    labelNames,
    aggregator: 'max',
    registers,
  });
  const lagSeconds = new Gauge({
    name: 'shiftwork_projection_lag_seconds',
    help: 'How long the oldest of them has waited.',
    labelNames,
    aggregator: 'max',
    registers,
  });
  const stopped = new Gauge({
    name: 'shiftwork_projection_stopped',
    help: '1 while it stands still at an event that keeps failing.',
    labelNames,
    aggregator: 'max',
    registers,
  });
  const events = new Counter({
    name: 'shiftwork_projection_events_total',
    help: 'Events that were written.',
    labelNames,
    registers,
  });
  const failures = new Counter({
    name: 'shiftwork_projection_failures_total',
    help: 'Events that failed, by what became of them: retried, parked, stopped.',
    labelNames: ['projection', 'outcome'],
    registers,
  });
  const named = (projection: string) => ({ projection: names.projection(projection) });
  const failed = (projection: string, outcome: string): void => failures.inc({ ...named(projection), outcome });

  return [
    facts.on('projection.lag', ({ fields }) => {
      lagEvents.set(named(fields.projection), fields.events);
      lagSeconds.set(named(fields.projection), fields.lagMs / 1_000);
    }),
    facts.on('projection.advanced', ({ fields }) => events.inc(named(fields.projection), fields.events)),
    facts.on('projection.started', ({ fields }) => stopped.set(named(fields.projection), 0)),
    facts.on('projection.retried', ({ fields }) => failed(fields.projection, 'retried')),
    facts.on('projection.parked', ({ fields }) => failed(fields.projection, 'parked')),
    facts.on('projection.stopped', ({ fields }) => {
      failed(fields.projection, 'stopped');
      stopped.set(named(fields.projection), 1);
    }),
  ];
}
