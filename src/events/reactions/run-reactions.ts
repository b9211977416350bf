import { type App, type EventEnvelope, type JobRequest, type Reaction } from '../../contracts/index.ts';
import { followingOf, type CausedBy, type JobReceipt } from '../../queue/index.ts';
import type { Bus } from '../bus/bus.ts';
import type { Unsubscribe } from '../bus/bus-options.ts';
import type { SubscribeOptions } from '../bus/subscribe-options.ts';

/** What reactions need of a client. */
export interface ReactionClient {
  enqueueFrom(from: CausedBy, requests: readonly JobRequest[]): Promise<readonly JobReceipt[]>;
}

/**
 * Turns events into jobs: subscribes each reaction of the app as a group of its own, so that one that fails holds up no other.
 * Resolves when events flow; the function it resolves with ends all of them.
 * @throws as `bus.subscribe`; then none is subscribed
 */
export async function runReactions(
  bus: Bus,
  client: ReactionClient,
  app: Pick<App, 'reactions'>,
  options: Pick<SubscribeOptions, 'concurrency' | 'attempts' | 'backoff'> = {},
): Promise<Unsubscribe> {
  const stops: Unsubscribe[] = [];
  const stopAll: Unsubscribe = async timeoutMs => {
    await Promise.all(stops.map(stop => stop(timeoutMs)));
  };
  try {
    for (const reaction of app.reactions.values()) {
      const stop = await bus.subscribe(
        reaction.event,
        async event => {
          await enqueueReaction(client, reaction, event);
        },
        { ...options, group: `reaction.${reaction.name}` },
      );
      stops.push(stop);
    }
  } catch (error) {
    await stopAll();
    throw error;
  }
  return stopAll;
}

/** Enqueues what follows from one event. Repeating it enqueues nothing again. */
export async function enqueueReaction(
  client: ReactionClient,
  reaction: Reaction,
  event: EventEnvelope,
): Promise<readonly JobReceipt[]> {
  const { from, requests } = await followingOf(reaction, event);
  return requests.length === 0 ? [] : client.enqueueFrom(from, requests);
}
