import { causedBy } from '../../tracing/index.ts';
import { type EventEnvelope, type EventRequest, type Reaction } from '../../contracts/index.ts';
import { UndecodableEventError } from '../envelope/undecodable-event-error.ts';
import { requireReactions, type JobReceipt } from '../../queue/index.ts';
import { createIdSource } from '../../time/index.ts';
import { arrivedOf } from '../envelope/cloud-event.ts';
import { openEvent } from '../envelope/open-event.ts';
import { enqueueReaction, type ReactionClient } from './run-reactions.ts';
import { stampEvent, type StampedEvent } from '../envelope/stamp-event.ts';

/**
 * Enqueues now what the reactions make of an event, with the ids that it will have when the event comes by the bus or the outbox: so
 * that who has just written it there can answer with jobs that are queued. What fails here is not lost; the event comes.
 * @throws as `client.enqueueMany`
 */
export async function reactNow(
  client: ReactionClient,
  request: EventRequest,
  reactions: readonly Reaction[],
): Promise<readonly JobReceipt[]> {
  requireReactions(reactions);
  const envelope = envelopeOf(stampEvent(request, createIdSource(), undefined));
  const receipts: JobReceipt[] = [];
  await causedBy({ ...envelope.metadata, causationId: envelope.id }, async () => {
    for (const reaction of reactions) {
      if (reaction.event === request.contract) receipts.push(...(await enqueueReaction(client, reaction, envelope)));
    }
  });
  return receipts;
}

/** What a subscriber would get. */
export function envelopeOf(event: StampedEvent): EventEnvelope {
  const opening = openEvent(event.contract, arrivedOf(event));
  if (opening.kind !== 'envelope') throw new UndecodableEventError(event.id, opening.reason);
  return opening.envelope;
}
