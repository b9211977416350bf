import { z } from 'zod';
import { defineEvent } from '../../../src/contracts/index.ts';
import { Bus, InProcessTransport } from '../../../src/events/index.ts';

const thingHappened = defineEvent('thing.happened', { schema: z.object({}) });

/** Publishes to a handler of its own that has to wait, and waits to be killed. */
async function main(): Promise<void> {
  const bus = new Bus({ events: [thingHappened], transport: new InProcessTransport() });
  const gate = Promise.withResolvers<void>();
  await bus.subscribe(thingHappened, async () => {
    await gate.promise;
    process.stdout.write('handled\n');
  });
  if (process.env['PUBLISH'] === 'yes') await bus.publish(thingHappened({}));
  else gate.resolve();
  process.stdout.write('published\n');
  if (process.env['PUBLISH'] === 'yes') setInterval(() => undefined, 1_000);
  else await bus.close();
}

void main();
