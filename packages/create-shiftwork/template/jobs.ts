import { defineJob, exponential } from 'shiftwork';
import { z } from 'zod';

/** What the work is. Web server, worker and test share it. */
export const welcomeEmail = defineJob({
  queue: 'email',
  name: 'welcome-email',
  schema: z.strictObject({ userId: z.string().min(1), email: z.email() }),
  retry: { attempts: 5, backoff: exponential({ from: '2s', to: '10m' }) },
  timeout: '30s',
  // A user is welcomed once, however often the form is sent.
  key: ({ userId }) => ['welcome', userId],
  // Never in a log line, an error or a page.
  sensitive: ['email'],
});
