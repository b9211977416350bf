import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { parseJobId } from '../../src/queue/index.ts';
import { engineCases } from '../support/engines.ts';
import { runApp, type RunningApp } from '../support/running-app.ts';

/** As running systems name theirs. */
const NAMES = [
  ['sendMail', 'welcomeMail'],
  ['mail_v2', 'send_welcome'],
  ['mail.eu', 'mail.welcome'],
  ['Mails', 'Send welcome: mail'],
  ['konto-größe', '42'],
  ['constructor', 'toString'],
] as const;

describe.each(engineCases)('names that BullMQ takes, on $kind', engineCase => {
  let app: RunningApp | undefined;
  afterEach(() => app?.stop());

  test('run, are found by their ids and keep their keys', async () => {
    const jobs = NAMES.map(([queue, name]) =>
      defineJob({ queue, name, schema: z.strictObject({ n: z.number() }), key: ({ n }) => [n] }),
    );
    const ran: string[] = [];
    const handler = (contract: (typeof jobs)[number]) =>
      handle(contract, (_data, { jobName }) => void ran.push(jobName));
    app = await runApp(engineCase, defineApp({ jobs, handlers: jobs.map(handler) }));
    const { client, facts } = app;
    for (const contract of jobs) {
      const done = facts.next('job.succeeded', ({ jobName }) => jobName === contract.name);
      const { id } = await client.enqueue(contract, { n: 1 });
      expect(parseJobId(id)).toEqual({ queue: contract.queue });
      await done;
      expect(await client.job(id)).toMatchObject({ state: 'succeeded', name: contract.name, queue: contract.queue });
      expect(await client.enqueue(contract, { n: 1 })).toMatchObject({ id, deduplicated: true });
    }
    expect(ran).toEqual(NAMES.map(([, name]) => name));
  });
});
