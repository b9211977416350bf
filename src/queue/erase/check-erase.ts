import type { Tags } from '../../contracts/index.ts';
import { didYouMean, InvalidOptionsError, kindOf, shown } from '../../errors/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { checkFind } from '../find/check-find.ts';
import type { JobTag } from '../find/job-tags.ts';
import { requireSignal, requireText } from '../prepare/check-requests.ts';
import type { ErasedCounts } from './erased.ts';

/** An event store: it throws the key of a person's data away, and answers how many events nobody can read any more. */
export interface ErasableEvents {
  eraseSubject(subject: string): Promise<number>;
}

export interface EraseOptions {
  /** Whose: `{ user: 'u-1' }`; of several tags, what carries all of them. */
  readonly tag: Tags;
  /** What becomes of jobs that run: they are cancelled (when left out), or waited for. */
  readonly running?: 'cancel' | 'wait';
  /** How long jobs that run are given to end: 30 s when left out. */
  readonly timeout?: Duration;
  /** The app's `EventStore`: what is encrypted with the person's key in its events is erased, too. */
  readonly events?: ErasableEvents;
  /** Whom events know the person as; the value of the tag when left out. Needs `events`. */
  readonly subject?: string;
  /** Who asked, for the record; `producer` when left out. */
  readonly by?: string;
  /** Called after every few jobs. */
  readonly onProgress?: (erased: ErasedCounts) => void;
  /** Stops it between two jobs: what was erased stays so, and a repeat goes on. */
  readonly signal?: AbortSignal;
}

export interface CheckedErase {
  readonly tags: readonly JobTag[];
  readonly running: 'cancel' | 'wait';
  readonly timeoutMs: number;
  readonly by: string;
  readonly events: { readonly store: ErasableEvents; readonly subject: string } | undefined;
  readonly onProgress: ((erased: ErasedCounts) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

const KNOWN: ReadonlySet<string> = new Set([
  'tag',
  'running',
  'timeout',
  'events',
  'subject',
  'by',
  'onProgress',
  'signal',
]);
const LONGEST_MS = 3_600_000;

/** @throws InvalidOptionsError: these may come from a request */
export function checkErase(options: EraseOptions): CheckedErase {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionsError(`Expected erase({ tag: { user: 'u-1' } }), got ${kindOf(given)}.`);
  }
  const strange = Object.keys(given).find(name => !KNOWN.has(name));
  if (strange !== undefined) {
    throw new InvalidOptionsError(
      `Expected options of erase among ${[...KNOWN].join(', ')}, got "${strange.slice(0, 40)}".${didYouMean(strange, KNOWN)}`,
    );
  }
  const { tag, running = 'cancel', timeout = '30s', by = 'producer', onProgress, signal } = options;
  const { tags } = checkFind({ tag });
  if (tags.length === 0)
    throw new InvalidOptionsError('Expected erase to have a tag, such as { user: "u-1" }, got none.');
  if (running !== 'cancel' && running !== 'wait') {
    throw new InvalidOptionsError(`Expected running as "cancel" or "wait", got ${shown(running)}.`);
  }
  requireText('by', by);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new InvalidOptionsError(`Expected onProgress to be a function, got ${kindOf(onProgress)}.`);
  requireSignal(signal);
  const timeoutMs = toMilliseconds(timeout, 'timeout');
  if (timeoutMs > LONGEST_MS)
    throw new InvalidOptionsError(`Expected timeout to be an hour at most, got ${timeoutMs} ms.`);
  return { tags, running, timeoutMs, by, events: eventsIn(options, tags), onProgress, signal };
}

function eventsIn({ events, subject }: EraseOptions, tags: readonly JobTag[]): CheckedErase['events'] {
  if (events === undefined) {
    if (subject === undefined) return undefined;
    throw new InvalidOptionsError('Expected events beside subject, got none: the event store whose person that is.');
  }
  const given: unknown = events;
  if (typeof given !== 'object' || given === null || typeof events.eraseSubject !== 'function') {
    throw new InvalidOptionsError(`Expected events to be an EventStore, got ${kindOf(given)}.`);
  }
  const [tag] = tags;
  if (subject === undefined && tags.length > 1)
    throw new InvalidOptionsError(
      `Expected subject beside ${tags.length} tags, got none: whom the events know the person as.`,
    );
  const whom = subject ?? tag?.value ?? '';
  requireText('subject', whom);
  return { store: events, subject: whom };
}
