import { Bus, openRabbitMq, RedisStreamsTransport } from '../../../src/events/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import { thingHappened } from './outbox.config.ts';

/** A consumer that takes what it gets and never ends with it, or ends with its process: it is there to be killed. */
async function main(): Promise<void> {
  const env = process.env;
  const fixture = { url: env['URL'] ?? '', namespace: env['SHIFTWORK_NAMESPACE'] ?? '' };
  const transport =
    env['TRANSPORT'] === 'rabbitmq'
      ? await openRabbitMq(fixture)
      : new RedisStreamsTransport({ ...fixture, claimAfterMs: 500 });
  const bus = new Bus({ events: [thingHappened], transport });
  const take = (event: { id: string }): Promise<never> => {
    console.log(`took ${event.id}`);
    if (env['DOES'] === 'exit') process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
  const attempts = Number(env['ATTEMPTS'] ?? 10);
  await bus.subscribe(thingHappened, take, { group: 'takers', backoff: fixed(20), attempts });
  console.log('ready');
}

void main();
