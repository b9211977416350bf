import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, handle, react } from '../../../src/contracts/index.ts';

/** The app of the fault cases of outbox and transports. */
export const note = defineJob({
  queue: 'notes',
  name: 'note',
  schema: z.object({ key: z.string() }),
  retention: { completed: 0 },
});

export const thingHappened = defineEvent('thing.happened', { schema: z.object({ key: z.string() }) });

export const noteThing = react(thingHappened, 'note-thing', ({ payload }) => [note(payload)]);

export default defineApp({
  jobs: [note],
  handlers: [
    handle(note, ({ key }, { jobId }) => {
      appendFileSync(process.env['NOTES'] ?? '/dev/null', `${jobId} ${key}\n`);
    }),
  ],
  reactions: [noteThing],
});
