import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../../tests/support/engines.ts';
import { workPlaces } from '../../../../tests/support/work-place.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { defineJob, handle, type Handler } from '../../../contracts/index.ts';
import { progressIn } from '../../../queue/index.ts';
import { fixed } from '../../../resilience/index.ts';

const text = z.object({ text: z.string() });
const percent = z.number().int().min(0).max(100);

describe.each(engineCases)('what a run says on $kind', engineCase => {
  const place = workPlaces(engineCase);

  async function setup(handler: Handler) {
    const { client, facts, queue, start } = await place();
    await start([handler]);
    const progressOf = async (id: string) => progressIn((await queue.getJob(id))?.progress);
    const logsOf = async (id: string) => (await queue.getJobLogs(id)).logs;
    return { client, facts, progressOf, logsOf };
  }

  test('progress stands on the job while it runs, of a tight loop the last, and when it has ended', async () => {
    const contract = defineJob({ queue: 'email', name: 'greet', schema: text, progress: percent });
    const gate = Promise.withResolvers<void>();
    const handler = handle(contract, async (_, run) => {
      for (let done = 0; done <= 42; done += 1) run.progress(done);
      await gate.promise;
      run.progress(100);
    });
    const { client, facts, progressOf } = await setup(handler);
    const ended = facts.next('job.succeeded');
    const { id } = await client.enqueue(contract, { text: 'a' });
    await waitFor('the last value of the loop', async () => (await progressOf(id)) === 42);
    gate.resolve();
    await ended;
    expect(await progressOf(id)).toBe(100);
  });

  test('lines stand in the log of the job in their order, are stated with its ids, and are no attempts', async () => {
    const contract = defineJob({
      queue: 'email',
      name: 'greet',
      schema: text,
      retry: { attempts: 2, backoff: fixed(10) },
    });
    const handler = handle(contract, async (_, run) => {
      run.log(`attempt ${run.attempt}`);
      run.log('x'.repeat(5_000));
      if (run.attempt === 1) throw new Error('not yet');
    });
    const { client, facts, logsOf } = await setup(handler);
    const ended = facts.next('job.succeeded');
    const stated: string[] = [];
    facts.on('job.logged', ({ fields }) => stated.push(`${fields.jobId} ${fields.line.slice(0, 9)}`));
    const { id } = await client.enqueue(contract, { text: 'a' });
    await ended;
    const [first, long, failed, second] = await logsOf(id);
    expect([first, second]).toEqual(['attempt 1', 'attempt 2']);
    expect(long).toMatch(/^x{1000}\.\.\. \(4000 more characters\)$/);
    expect(failed).toContain('"what":"failed"');
    expect(stated).toEqual([`${id} attempt 1`, `${id} xxxxxxxxx`, `${id} attempt 2`, `${id} xxxxxxxxx`]);
  });

  test('of a run that does not stop talking the first lines are kept, and that there were more', async () => {
    const contract = defineJob({ queue: 'email', name: 'greet', schema: text });
    const { client, facts, logsOf } = await setup(
      handle(contract, (_, run) => {
        for (let line = 1; line <= 10_000; line += 1) run.log(`line ${line}`);
      }),
    );
    const ended = facts.next('job.succeeded');
    const { id } = await client.enqueue(contract, { text: 'a' });
    await ended;
    const lines = await logsOf(id);
    expect(lines.length).toBe(201);
    expect(lines.at(199)).toBe('line 200');
    expect(lines.at(-1)).toContain('left out');
  });

  test('values of sensitive fields are scrubbed from progress and lines', async () => {
    const contract = defineJob({ queue: 'email', name: 'greet', schema: text, sensitive: ['text'] });
    const handler = handle(contract, (data, run) => {
      run.progress({ now: [`sending to ${data.text}`], done: 3 });
      run.log(`sending to ${data.text}`);
    });
    const { client, facts, logsOf, progressOf } = await setup(handler);
    const ended = facts.next('job.succeeded');
    const { id } = await client.enqueue(contract, { text: 'ada@private.example' });
    await ended;
    expect(JSON.stringify(await logsOf(id))).toMatch(/sending to \[/);
    expect(await progressOf(id)).toMatchObject({ now: [expect.stringMatching(/^sending to \[/)], done: 3 });
    expect(JSON.stringify([await logsOf(id), await progressOf(id)])).not.toContain('private');
  });

  test('a run that says nothing for too long has failed, one that says something goes on', async () => {
    const contract = defineJob({
      queue: 'email',
      name: 'greet',
      schema: text,
      stuckAfter: '1s',
      timeout: '1h',
      retry: { attempts: 2, backoff: fixed(10) },
    });
    const handler = handle(contract, async (_, run) => {
      // Nothing that could be said ends the first attempt: it must be ended.
      if (run.attempt === 1) await new Promise((_resolve, reject) => run.signal.addEventListener('abort', reject));
      const begunAt = performance.now();
      await waitFor('more than its silence to pass', () => {
        run.heartbeat();
        return performance.now() - begunAt > 1_500;
      });
    });
    const { client, facts } = await setup(handler);
    const retried = facts.next('job.retried');
    const ended = facts.next('job.succeeded');
    await client.enqueue(contract, { text: 'a' });
    expect((await retried).error.message).toContain('JOB_SILENT');
    expect(await ended).toMatchObject({ attempt: 2 });
  });

  test('progress that is said while somebody cancels the job does not hide it', async () => {
    const contract = defineJob({ queue: 'email', name: 'greet', schema: text });
    const running = Promise.withResolvers<void>();
    const handler = handle(contract, async (_, run) => {
      running.resolve();
      for (let done = 0; !run.signal.aborted; done += 1) {
        run.progress({ done });
        await new Promise(setImmediate);
      }
      throw run.signal.reason;
    });
    const { client, facts, progressOf } = await setup(handler);
    const { id } = await client.enqueue(contract, { text: 'a' });
    await running.promise;
    await waitFor('its first progress', async () => (await progressOf(id)) !== undefined);
    const ended = facts.next('job.cancelled');
    expect(await client.cancel(id)).toBe('requested');
    expect(await ended).toMatchObject({ jobId: id });
    expect(await progressOf(id)).toMatchObject({ done: expect.any(Number) as number });
  });

  test('progress that does not fit is refused where it is said, and the attempt has failed with the reason', async () => {
    const contract = defineJob({
      queue: 'email',
      name: 'greet',
      schema: text,
      progress: percent,
      retry: { attempts: 1 },
    });
    // @ts-expect-error the contract's schema takes a number
    const { client, facts } = await setup(handle(contract, (_, run) => run.progress('half')));
    const ended = facts.next('job.dead');
    await client.enqueue(contract, { text: 'a' });
    expect((await ended).error.message).toContain('PROGRESS_INVALID');
  });

  test('progress that does not fit and is the last that a run says stands in its log, and its work is done', async () => {
    const contract = defineJob({ queue: 'email', name: 'greet', schema: text, progress: percent });
    const handler = handle(contract, (_, run) => {
      run.progress(40);
      run.progress(140);
    });
    const { client, facts, logsOf } = await setup(handler);
    const ended = facts.next('job.succeeded');
    const logged = facts.next('job.logged');
    const { id } = await client.enqueue(contract, { text: 'a' });
    await ended;
    expect((await logged).line).toContain('does not fit its schema');
    expect(await logsOf(id)).toEqual([expect.stringContaining('does not fit its schema')]);
  });
});
