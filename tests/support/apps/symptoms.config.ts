import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';

const mail = defineJob({
  queue: 'mail',
  name: 'mail',
  schema: z.strictObject({ user: z.string(), does: z.enum(['end', 'fail', 'hang']) }),
  key: ({ user }) => [user],
  tags: ({ user }) => ({ user }),
  retry: { attempts: 2, backoff: fixed('10ms') },
});
/** What has succeeded is gone at once. */
const brief = defineJob({
  queue: 'mail',
  name: 'brief',
  schema: z.strictObject({}),
  retention: { completedCount: 0 },
});

/** Is given up at once, and its handler goes on. */
const slow = defineJob({
  queue: 'mail',
  name: 'slow',
  schema: z.strictObject({}),
  timeout: '50ms',
  retry: { attempts: 1 },
});

const letGo: (() => void)[] = [];

/** Lets handlers end that take no notice of their signal. */
export function endAll(): void {
  for (const end of letGo.splice(0)) end();
}

const hang = (): Promise<void> => new Promise(resolve => letGo.push(resolve));
const send = handle(mail, async ({ user, does }) => {
  if (does === 'fail') throw new Error(`no mailbox for user ${user}`);
  if (does === 'hang') await hang();
});

/** What shows symptoms: a job that does as its data says, one that is forgotten, and one that takes no notice of its signal. */
export default defineApp({
  jobs: [mail, brief, slow],
  handlers: [send, handle(brief, () => undefined), handle(slow, hang)],
});
export { brief, mail, slow };
