import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Facts } from '../../facts/index.ts';
import type { KnownNames } from './known-names.ts';

const RUN_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const STATUSES = ['handled', 'retried', 'failed', 'dead', 'unhandled'] as const;
const LAG_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600];

type Stop = () => void;

/** What becomes of events, by type, and how far subscriptions and outbox are behind. */
export function countEvents(registry: Registry, facts: Facts, names: KnownNames): readonly Stop[] {
  return [
    ...countDeliveries(registry, facts, names),
    ...countSubscriptions(registry, facts, names),
    ...countOutbox(registry, facts),
  ];
}

function countDeliveries(registry: Registry, facts: Facts, names: KnownNames): readonly Stop[] {
  const registers = [registry];
  const published = new Counter({
    name: 'events_published_total',
    help: 'Events that the bus took.',
    labelNames: ['event_type'],
    registers,
  });
  const processed = new Counter({
    name: 'events_processed_total',
    help: 'Deliveries by what became of them: handled, retried, dead, unhandled.',
    labelNames: ['event_type', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'event_processing_duration_seconds',
    help: 'How long handlers of events took.',
    labelNames: ['event_type'],
    buckets: RUN_BUCKETS,
    registers,
  });
  const lag = new Histogram({
    name: 'event_lag_seconds',
    help: 'From when an event happened to when its handler began.',
    labelNames: ['event_type'],
    buckets: LAG_BUCKETS,
    registers,
  });
  // As for jobs: what an alert counts is there before it happens.
  for (const type of names.events) {
    published.inc({ event_type: type }, 0);
    for (const status of STATUSES) processed.inc({ event_type: type, status }, 0);
  }
  const count = (eventType: string, status: (typeof STATUSES)[number]): void =>
    processed.inc({ event_type: names.event(eventType), status });
  const countRun = (eventType: string, status: (typeof STATUSES)[number], ranMs: number): void => {
    count(eventType, status);
    duration.observe({ event_type: names.event(eventType) }, ranMs / 1_000);
  };

  return [
    facts.on('event.published', ({ fields }) => published.inc({ event_type: names.event(fields.eventType) })),
    facts.on('event.handled', ({ fields: { eventType, ranMs, lagMs } }) => {
      countRun(eventType, 'handled', ranMs);
      lag.observe({ event_type: names.event(eventType) }, lagMs / 1_000);
    }),
    facts.on('event.retried', ({ fields }) => countRun(fields.eventType, 'retried', fields.ranMs)),
    facts.on('event.failed', ({ fields }) => countRun(fields.eventType, 'failed', fields.ranMs)),
    facts.on('event.dead', ({ fields }) => count(fields.eventType, 'dead')),
    facts.on('event.unhandled', ({ fields }) => count(fields.eventType, 'unhandled')),
  ];
}

function countSubscriptions(registry: Registry, facts: Facts, names: KnownNames): readonly Stop[] {
  const registers = [registry];
  // Several processes may report one subscription; it is as far behind as the one that has seen most says.
  const pending = new Gauge({
    name: 'event_subscription_pending',
    help: 'Events that a subscription has yet to handle, as last told.',
    labelNames: ['subscription'],
    aggregator: 'max',
    registers,
  });
  const lost = new Counter({
    name: 'events_lost_total',
    help: 'Events that a subscription could not be given: dropped by a full buffer, or trimmed from the log.',
    labelNames: ['subscription', 'how'],
    registers,
  });
  for (const subscription of names.reactions)
    for (const how of ['dropped', 'trimmed']) lost.inc({ subscription, how }, 0);
  const named = (subscription: string) => ({ subscription: names.subscription(subscription) });

  return [
    facts.on('event.dropped', ({ fields: { subscription, dropped } }) =>
      lost.inc({ ...named(subscription), how: 'dropped' }, dropped),
    ),
    facts.on('event.trimmed', ({ fields }) => lost.inc({ ...named(fields.subscription), how: 'trimmed' }, fields.lost)),
    facts.on('subscription.lag', ({ fields }) => pending.set(named(fields.subscription), fields.pending)),
  ];
}

function countOutbox(registry: Registry, facts: Facts): readonly Stop[] {
  const registers = [registry];
  const pending = new Gauge({
    name: 'shiftwork_outbox_pending',
    help: 'Entries of the outbox that were not sent yet, as last told.',
    aggregator: 'max',
    registers,
  });
  const oldest = new Gauge({
    name: 'shiftwork_outbox_oldest_seconds',
    help: 'How long the oldest of them has waited.',
    aggregator: 'max',
    registers,
  });
  // Only a relay knows: elsewhere a 0 would say that nothing waits.
  pending.remove();
  oldest.remove();
  const relayed = new Counter({
    name: 'shiftwork_outbox_relayed_total',
    help: 'Entries of the outbox that were sent.',
    labelNames: ['kind'],
    registers,
  });

  return [
    facts.on('outbox.lag', ({ fields }) => {
      pending.set(fields.pending);
      oldest.set(fields.oldestMs / 1_000);
    }),
    facts.on('outbox.relayed', ({ fields }) => {
      relayed.inc({ kind: 'job' }, fields.jobs);
      relayed.inc({ kind: 'event' }, fields.events);
    }),
  ];
}
