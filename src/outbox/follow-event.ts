import type { Reaction } from '../contracts/index.ts';
import { envelopeOf, type StampedEvent } from '../events/index.ts';
import {
  check,
  finish,
  takesSecrets,
  followingOf,
  originOf,
  requireReactions,
  type CheckedJob,
  type PreparedJob,
} from '../queue/index.ts';
import type { PayloadCipher } from '../privacy/index.ts';
import type { Secrets } from '../secrets/index.ts';
import type { IdSource } from '../time/index.ts';
import { causedBy } from '../tracing/index.ts';

/** What jobs get their ids and their trace from. */
export interface JobSources {
  readonly ids: IdSource;
  readonly cipher: PayloadCipher;
  readonly traceparent: () => string | undefined;
  /** Asked for where they are needed: a job without a key or a cause has none. */
  readonly secrets: () => Promise<Secrets>;
}

/** What the reactions make of the event, as they would behind a bus: the same jobs with the same ids. */
export async function jobsFollowing(
  event: StampedEvent,
  reactions: readonly Reaction[],
  { ids, cipher, secrets }: Pick<JobSources, 'ids' | 'cipher' | 'secrets'>,
): Promise<readonly PreparedJob[]> {
  requireReactions(reactions);
  const own = reactions.filter(each => each.event === event.contract);
  if (own.length === 0) return [];
  const envelope = envelopeOf(event);
  const cause = { ...envelope.metadata, causationId: event.id };
  return causedBy(cause, async () => {
    const checked: CheckedJob[] = [];
    for (const reaction of own) {
      const { from, requests } = await followingOf(reaction, envelope);
      for (const [index, request] of requests.entries()) {
        checked.push(check(request.contract, request.data, request.options, originOf(from, request, index)));
      }
    }
    // What follows from an event stands below its publication, whatever span calls here: its cause says which.
    return finishJobs(checked, { ids, cipher, secrets, traceparent: () => undefined });
  });
}

/** Gives checked jobs their ids. */
export async function finishJobs(
  checked: readonly CheckedJob[],
  { ids, cipher, traceparent, secrets }: JobSources,
): Promise<readonly PreparedJob[]> {
  const known = checked.some(takesSecrets) ? await secrets() : undefined;
  return checked.map(each => finish({ ids, cipher, traceparent }, each, known));
}
