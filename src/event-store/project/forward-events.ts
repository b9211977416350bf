import { requireShape, type KnownOptions } from '../../errors/index.ts';
import { causedBy } from '../../tracing/index.ts';
import {
  encodeEventPayload,
  reviveDates,
  validatePayload,
  type AnyEventContract,
  type EventRequest,
  type Reaction,
  type StoredAt,
  InvalidContractError,
} from '../../contracts/index.ts';
import { defineProjection, type Projection, type ProjectionTransaction } from './projection.ts';

/** What of an `Outbox` is enough to forward events. */
export interface EventOutbox {
  publish(
    tx: ProjectionTransaction,
    request: EventRequest,
    options: { readonly order: string; readonly reactions: readonly Reaction[]; readonly stored: StoredAt },
  ): Promise<unknown>;
}

export interface ForwardDefinition {
  /** As of a projection: it holds the checkpoint. */
  readonly name: string;
  readonly events: readonly AnyEventContract[];
  readonly outbox: EventOutbox;
  /** Their jobs are recorded with the event; those of other reactions follow from the bus. */
  readonly reactions?: readonly Reaction[];
  /** 'now' leaves out what had happened before it was made; 'beginning' by default. */
  readonly startAt?: 'beginning' | 'now';
}

const KNOWN: KnownOptions<ForwardDefinition> = {
  name: true,
  events: true,
  outbox: true,
  reactions: true,
  startAt: true,
};

/**
 * Stored events become events of the bus, and jobs: written into the outbox in the transaction that moves the checkpoint, so none is
 * left out; sent by the relay at least once, with the ids and positions that they have here, each stream in its order. It cannot be rebuilt, which would
 * say everything again.
 *
 * What a stored event reads as is published, and goes through its schema again. A schema that makes something else of it then, such as one
 * that multiplies or that makes dates of texts, cannot be forwarded: the projection stands still at the first such event.
 */
export function forwardEvents(definition: ForwardDefinition): Projection {
  const parts = { name: 'a text', events: 'a list', outbox: 'an object' } as const;
  requireShape('the definition of what is forwarded', definition, KNOWN, parts);
  const { name, events, outbox, reactions = [], startAt } = definition;
  const contracts = new Map(events.map(contract => [contract.name, contract]));
  return defineProjection({
    name,
    shape: 1,
    events,
    tables: '',
    rebuildable: false,
    ...(startAt !== undefined && { startAt }),
    async project(due, tx) {
      for (const { id, type, timestamp, payload, stream, streamVersion, position, metadata } of due) {
        const contract = contracts.get(type);
        if (contract === undefined) continue;
        requireSettled(contract, payload);
        const { correlationId, causationId, userId } = metadata;
        const options = {
          id,
          timestamp,
          correlationId,
          ...(causationId !== undefined && { causationId }),
          ...(userId !== undefined && { userId }),
        };
        const request: EventRequest = { kind: 'event-request', contract, payload, options };
        await causedBy(metadata, () =>
          outbox.publish(tx, request, { order: stream, reactions, stored: { stream, streamVersion, position } }),
        );
      }
    },
  });
}

/** @throws InvalidContractError where subscribers would get another payload than the store's readers */
function requireSettled(contract: AnyEventContract, payload: unknown): void {
  if (comesBack(contract, payload)) return;
  throw new InvalidContractError(
    `Expected the schema of the forwarded event "${contract.name}" to leave what it has made as it is, found that it changes or refuses ` +
      'it. Transform where the event is read, or forward an event of your own making.',
  );
}

function comesBack(contract: AnyEventContract, payload: unknown): boolean {
  try {
    const { json, dates } = encodeEventPayload(contract, payload);
    const again = encodeEventPayload(contract, validatePayload(contract, reviveDates(JSON.parse(json), dates)));
    return again.json === json && again.dates.join() === dates.join();
  } catch {
    // The schema's message may repeat the data.
    return false;
  }
}
