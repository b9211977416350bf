import { requireShape, type KnownOptions } from '../errors/index.ts';
import type { AnyEventContract, App, AppPlugin } from '../contracts/index.ts';
import type { PersonalData } from './privacy/personal-data.ts';
import type { Projection } from './project/projection.ts';

const KIND = 'event-store';

export interface EventStoreDefinition extends AppPlugin {
  readonly kind: typeof KIND;
  readonly events: readonly AnyEventContract[];
  readonly personalData: readonly PersonalData[];
  readonly projections: readonly Projection[];
}

const KNOWN: KnownOptions<EventStoreDefinition> = {
  kind: true,
  events: true,
  personalData: true,
  projections: true,
};

/** What the command line needs to know of an app's event store: `defineApp({ plugins: [defineEventStore({ ... })] })`. */
export function defineEventStore(
  definition: Pick<EventStoreDefinition, 'events'> & Partial<Omit<EventStoreDefinition, 'kind'>>,
): EventStoreDefinition {
  requireShape('the definition of an event store', definition, KNOWN, { events: 'a list' });
  return Object.freeze({ personalData: [], projections: [], ...definition, kind: KIND });
}

/** The app's event store, where it has one. */
export function eventStoreOf(app: Pick<App, 'plugins'>): EventStoreDefinition | undefined {
  return app.plugins.find(isEventStore);
}

function isEventStore(plugin: AppPlugin): plugin is EventStoreDefinition {
  return plugin.kind === KIND && 'events' in plugin && 'personalData' in plugin && 'projections' in plugin;
}
