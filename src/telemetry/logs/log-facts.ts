import type { Logger } from 'pino';
import type { Fact, FactName, Facts } from '../../facts/index.ts';
import { Repeats } from './repeats.ts';

type Level = 'error' | 'warn' | 'info' | 'debug';

export interface LogFactsOptions {
  /**
   * A line for each job that is enqueued or has succeeded, and at level `debug` for each start. Off by default: a line costs
   * 2.6 to 3.7 us, and merely listening makes the runtime build the fields.
   */
  readonly success?: boolean;
}

/** Each level a fact may have. */
const LEVELS: Readonly<Record<FactName, readonly Level[]>> = {
  'job.enqueued': ['info'],
  'job.deduplicated': ['info'],
  'job.started': ['debug'],
  'job.logged': ['info'],
  'job.succeeded': ['info'],
  'job.retried': ['warn'],
  'job.divided': ['warn'],
  'job.snoozed': ['info', 'warn'],
  'job.cancelled': ['info'],
  'job.dead': ['info', 'error'],
  'job.handed-back': ['info'],
  'job.lock-lost': ['warn'],
  'job.stalled': ['warn'],
  'job.rescued': ['warn'],
  'job.isolated': ['warn'],
  'job.stuck': ['error'],
  'work.paused': ['warn'],
  'work.resumed': ['info'],
  'data.erased': ['info'],
  'job.updated': ['info'],
  'job.replayed': ['info'],
  'batch.enqueued': ['info'],
  'batch.ended': ['info'],
  'batch.called-back': ['info'],
  'job.discarded': ['info'],
  'dead-letter.replayed': ['info'],
  'dead-letter.discarded': ['info'],
  'worker.started': ['info'],
  'worker.draining': ['info'],
  'worker.stopped': ['info'],
  'worker.died': ['error'],
  'worker.quieted': ['info'],
  'worker.resumed': ['info'],
  'worker.stop-asked': ['info'],
  'worker.recycled': ['warn'],
  'worker.orphaned': ['error'],
  'worker.wedged': ['error'],
  'worker.blocked': ['warn'],
  'worker.killed': ['error'],
  'worker.error': ['error'],
  'schedule.missed': ['warn'],
  'schedule.skipped': ['info'],
  'schedule.reset': ['warn'],
  'schedules.stalled': ['error'],
  'schedules.unclaimed': ['warn'],
  'schedules.unreadable': ['error'],
  'schedules.resumed': ['info'],
  'schedule.failed': ['error'],
  'queue.unnamed': ['warn'],
  'dead-letters.alert': ['error'],
  'api.answered': ['debug'],
  'alert.sent': ['warn'],
  'alert.failed': ['error'],
  'breaker.opened': ['error'],
  'breaker.closed': ['info'],
  'config.warning': ['warn'],
  'engine.warning': ['warn'],
  'engine.lost': ['error'],
  'engine.back': ['info'],
  'clock.differs': ['warn', 'error'],
  'clock.agrees': ['info'],
  'event.published': ['info'],
  'event.unroutable': ['warn'],
  'event.handled': ['info'],
  'event.retried': ['warn'],
  'event.failed': ['error'],
  'event.dead': ['error'],
  'event.unhandled': ['warn'],
  'event.dropped': ['error'],
  'event.trimmed': ['error'],
  'subscription.lag': ['debug'],
  'bus.warning': ['warn'],
  'bus.lost': ['error'],
  'bus.back': ['info'],
  'outbox.relayed': ['debug'],
  'outbox.lag': ['debug'],
  'outbox.stuck': ['error'],
  'outbox.stalled': ['error'],
  'outbox.resumed': ['info'],
  'store.appended': ['debug'],
  'store.snapshot-failed': ['warn'],
  'projection.started': ['info'],
  'projection.advanced': ['debug'],
  'projection.lag': ['debug'],
  'projection.retried': ['warn'],
  'projection.parked': ['error'],
  'projection.stopped': ['error'],
  'projection.unhandled': ['warn'],
  'projection.lost': ['warn'],
  'projection.stalled': ['warn'],
  'projection.resumed': ['info'],
  'projection.rebuilding': ['info'],
  'projection.rebuilt': ['info'],
  'journal.dropped': ['warn'],
  'listener.failed': ['error'],
};

const PER_JOB: ReadonlySet<FactName> = new Set([
  'job.enqueued',
  'job.deduplicated',
  'job.started',
  'job.succeeded',
  'event.published',
  'event.handled',
  'api.answered',
]);

/** A broken connection or listener says the same many times a second. */
const SAME_ERROR_MS = 60_000;

/**
 * Writes one line for each fact: its name as `fact`, its fields beside it, its error as `err`. Listens only to what the
 * logger's level lets through. Returns a function that stops.
 */
export function logFacts(facts: Facts, logger: Logger, { success = false }: LogFactsOptions = {}): () => void {
  const repeats = new Repeats(SAME_ERROR_MS);
  const stops = (Object.keys(LEVELS) as FactName[])
    .filter(name => success || !PER_JOB.has(name))
    .filter(name => LEVELS[name].some(level => logger.isLevelEnabled(level)))
    .map(name =>
      facts.on(name, name === 'job.succeeded' ? successWriter(logger) : fact => write(logger, repeats, fact)),
    );
  return () => {
    for (const stop of stops) stop();
  };
}

function write(logger: Logger, repeats: Repeats, fact: Fact): void {
  const suppressed = suppressedOf(repeats, fact);
  if (suppressed === undefined) return;
  logger[levelOf(fact)](lineOf(fact, suppressed), fact.name);
}

/** The one line that every job costs: what is the same for all jobs of a contract is made into text once (1 us of 5 saved). */
function successWriter(logger: Logger): (fact: Fact) => void {
  const byJob = new Map<string, { readonly queue: string; readonly worker: string; readonly line: Logger }>();
  return ({ name: fact, fields }) => {
    if (fact !== 'job.succeeded') return;
    const { jobName, queue, worker, tags: _, ...own } = fields;
    let known = byJob.get(jobName);
    if (known === undefined || known.queue !== queue || known.worker !== worker) {
      known = { queue, worker, line: logger.child({ fact, jobName, queue, worker }) };
      byJob.set(jobName, known);
    }
    known.line.info(own, fact);
  };
}

/** Fields without a value are left out by the logger. */
function lineOf(fact: Fact, repeated: number): object {
  // One copy for those that come with every job; what may be wrong comes seldom.
  const line = { fact: fact.name, ...fact.fields, repeated: repeated > 0 ? repeated : undefined };
  const { error: err, tags: _, ...own }: typeof line & { readonly error?: unknown; readonly tags?: unknown } = line;
  return err === undefined ? own : { ...own, err };
}

/** How many of the same came since the last line; undefined when this one gets no line either. */
function suppressedOf(repeats: Repeats, fact: Fact): number | undefined {
  switch (fact.name) {
    case 'worker.error':
      return repeats.admit(`${fact.name} ${fact.fields.queue} ${fact.fields.error.message}`);
    case 'event.unroutable':
    case 'event.unhandled':
      return repeats.admit(`${fact.name} ${fact.fields.eventType}`);
    case 'journal.dropped':
      return repeats.admit(fact.name);
    case 'listener.failed':
      return repeats.admit(`${fact.name} ${fact.fields.fact} ${fact.fields.error.message}`);
    default:
      return 0;
  }
}

function levelOf(fact: Fact): Level {
  switch (fact.name) {
    case 'job.dead':
      // An expired job is what its contract asked for.
      return fact.fields.reason === 'expired' ? 'info' : 'error';
    case 'clock.differs':
      return fact.fields.whose === 'engine' ? 'error' : 'warn';
    case 'job.snoozed':
      return fact.fields.alarm ? 'warn' : 'info';
    default:
      return LEVELS[fact.name][0] ?? 'info';
  }
}
