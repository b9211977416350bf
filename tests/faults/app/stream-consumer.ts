import { Bus, RedisStreamsTransport } from '../../../src/events/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import { thingHappened } from './outbox.config.ts';

/** A consumer that takes what it gets and never ends with it: it is there to be killed. */
async function main(): Promise<void> {
  const transport = new RedisStreamsTransport({
    url: process.env['REDIS_URL'] ?? '',
    namespace: process.env['SHIFTWORK_NAMESPACE'],
    claimAfterMs: 500,
  });
  const bus = new Bus({ events: [thingHappened], transport });
  const hang = (event: { id: string }): Promise<never> => {
    console.log(`took ${event.id}`);
    return new Promise(() => undefined);
  };
  await bus.subscribe(thingHappened, hang, { group: 'takers', backoff: fixed(20), attempts: 10 });
  console.log('ready');
}

void main();
