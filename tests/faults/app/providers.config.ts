import { z } from 'zod';
import { defineApp, defineJob, defineResource, handle } from '../../../src/contracts/index.ts';
import { mailer } from '../../../workers/email/index.ts';
import { post } from '../../../workers/http/index.ts';
import { fixed } from '../../../src/resilience/index.ts';

/** Work for a provider that the trial makes sick, through the clients that the real handlers use. */
export const mail = defineJob({
  queue: 'provider',
  name: 'mail',
  schema: z.strictObject({ n: z.number() }),
  retry: { attempts: 5, backoff: fixed('100ms') },
  timeout: '3s',
  destination: () => 'smtp',
});
export const call = defineJob({
  queue: 'provider',
  name: 'call',
  schema: z.strictObject({ n: z.number() }),
  retry: { attempts: 5, backoff: fixed('100ms') },
  timeout: '15s',
  destination: () => 'http',
});
const httpSink = defineResource({
  name: 'http-sink',
  configure: (environment, { neededBy }) => environment.required('CHAOS_HTTP', neededBy),
  open: url => new URL(url),
});
const sendMail = handle(mail, { mailer }, async ({ n }, { effectId, signal }, needs) => {
  const content = { subject: `mail ${n}`, html: '<p>hello</p>', text: 'hello' };
  await needs.mailer.send(content, { to: 'somebody@example.com', effectId, signal });
});
const makeCall = handle(call, { httpSink }, async ({ n }, { effectId, signal }, needs) => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': effectId };
  await post(
    { url: needs.httpSink, headers, body: JSON.stringify({ n }), signal },
    // As long as a busy machine may take to answer itself.
    { reach: 'anywhere', timeoutMs: 3_000 },
  );
});

export default defineApp({
  jobs: [mail, call],
  handlers: [sendMail, makeCall],
  queues: {
    provider: { concurrency: 5, destinations: { breaker: { failures: 5, pause: '1s', maxPause: '2s', probes: 2 } } },
  },
});
