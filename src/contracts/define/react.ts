import type { StandardSchemaV1 } from '@standard-schema/spec';
import { kindOf, shown } from '../../errors/index.ts';
import { isMade } from './checks/require-definition.ts';
import { InvalidContractError } from './invalid-contract-error.ts';
import type { AnyEventContract, EventContract, EventEnvelope } from './event-contract.ts';
import type { JobRequest } from './job-contract.ts';

/** What follows from an event, as data: which jobs. */
export interface Reaction {
  readonly kind: 'reaction';
  /** Unique in the app. It is the subscription's name for ever: another name is another subscription. */
  readonly name: string;
  readonly event: AnyEventContract;
  jobsFor(event: EventEnvelope): Promise<readonly JobRequest[]>;
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Says which jobs follow from an event: `react(userRegistered, 'greet-new-user', ({ payload }) => [welcomeEmail({ ... })])`.
 *
 * The jobs' ids are made from the event's id, the reaction's name and the job's name, so that an event that is delivered twice
 * enqueues once. The function may be called again for the same event: let it look at the event alone, and do the work in the jobs.
 * @throws InvalidContractError for a name that is none, an event that `defineEvent` has not made, and jobs that are no function
 */
export function react<Schema extends StandardSchemaV1>(
  event: EventContract<Schema>,
  name: string,
  jobsFor: (
    event: EventEnvelope<StandardSchemaV1.InferOutput<Schema>>,
  ) => readonly JobRequest[] | Promise<readonly JobRequest[]>,
): Reaction {
  if (!isMade('event', event)) {
    throw new InvalidContractError(
      `Expected react(event, name, jobsFor) with what defineEvent() has made, got ${kindOf(event)}.`,
    );
  }
  const refuse = (problem: string): never => {
    throw new InvalidContractError(`reaction ${shown(name)} to "${event.name}": ${problem}.`);
  };
  if (typeof name !== 'string' || !NAME.test(name) || name.length > 80)
    refuse('expected a name of lower-case words and digits joined by dashes, such as greet-them');
  if (typeof jobsFor !== 'function')
    refuse(`expected a function that answers which jobs follow, got ${kindOf(jobsFor)}`);
  return Object.freeze({
    kind: 'reaction',
    name,
    event,
    // The bus passes events that this contract's schema has validated.
    jobsFor: async (envelope: EventEnvelope) => jobsFor(envelope as never),
  });
}
