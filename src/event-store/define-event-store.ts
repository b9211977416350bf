import { type AnyEventContract, type AnyEventStore, InvalidContractError } from '../contracts/index.ts';
import type { PersonalData } from './privacy/personal-data.ts';
import type { Projection } from './project/projection.ts';

export interface EventStoreDefinition extends AnyEventStore {
  readonly events: readonly AnyEventContract[];
  readonly personalData: readonly PersonalData[];
  readonly projections: readonly Projection[];
}

/** What the command line needs to know of an app's event store: `defineApp({ eventStore: defineEventStore({ ... }) })`. */
export function defineEventStore(
  definition: Pick<EventStoreDefinition, 'events'> & Partial<EventStoreDefinition>,
): EventStoreDefinition {
  return Object.freeze({ personalData: [], projections: [], ...definition, kind: 'event-store' });
}

/** @throws InvalidContractError when it was not made by `defineEventStore` */
export function readEventStore(definition: AnyEventStore): EventStoreDefinition {
  if ('events' in definition && 'personalData' in definition && 'projections' in definition) {
    return definition as EventStoreDefinition;
  }
  throw new InvalidContractError('Expected eventStore to be made by defineEventStore(...).');
}
