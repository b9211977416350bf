import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { keepJournal } from '../../src/boot/journal/index.ts';
import { defineApp, defineJob, flow, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { clientOn, type Client } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';

const mail = defineJob({
  queue: 'email',
  name: 'order-mail',
  schema: z.object({ user: z.string(), order: z.string(), email: z.string() }),
  retry: { attempts: 1 },
  tags: ({ user, order }) => ({ user, order }),
  publicTags: ['order'],
  sensitive: ['email'],
});
const ofOrder = z.object({ order: z.string() });
const pay = defineJob({ queue: 'shop', name: 'pay', schema: ofOrder, key: { of: ({ order }) => [order], for: '1ms' } });
const receipt = defineJob({ queue: 'shop', name: 'receipt', schema: ofOrder });
const pack = defineJob({ queue: 'shop', name: 'pack', schema: ofOrder });
const pick = defineJob({ queue: 'shop', name: 'pick', schema: z.object({ item: z.string() }) });
const charge = defineJob({ queue: 'shop', name: 'charge', schema: ofOrder, retry: { attempts: 1 } });
const visit = defineJob({
  queue: 'visits',
  name: 'visit',
  schema: z.object({ path: z.string() }),
  chunk: { maxItems: 2, maxWait: '1m' },
});
let within: Client | undefined;
const app = defineApp({
  jobs: [mail, pay, receipt, pack, pick, charge, visit],
  handlers: [
    handle(visit, () => undefined),
    handle(pay, async ({ order }) => void (await within?.enqueue(receipt, { order }))),
    handle(receipt, () => undefined),
    handle(pack, () => undefined),
    handle(pick, () => undefined),
    handle(charge, async (_, run) => {
      await run.step('reserve', () => 1);
      throw new Error('the card was refused');
    }),
    handle(mail, ({ order, email }, run) => {
      run.log(JSON.stringify({ step: 'begun' }));
      if (order === 'o-bad') throw new TypeError(`no mailbox for ${email}`);
    }),
  ],
});

describe.each(engineCases)('/jobs on $kind', engineCase => {
  let place: EngineFixture;
  let dashboard: TestDashboard;
  let client: Client;
  let cookie: string;
  /** To sign in takes most of a second. */
  const cookies = new Map<string, Promise<string>>();
  const cookieOf = (name: string): Promise<string> => {
    const known = cookies.get(name) ?? dashboard.cookieOf(name);
    cookies.set(name, known);
    return known;
  };

  beforeEach(async () => {
    place = await engineCase.open();
    dashboard = await openTestDashboard({ fixture: place, app });
    client = clientOn(openEngine({ url: place.url, namespace: place.namespace, role: 'producer' }), new Facts());
    within = client;
    cookies.clear();
    cookie = await cookieOf('viewer');
  });
  afterEach(async () => {
    await client.close();
    await dashboard.close();
    await place.cleanup();
  });

  /** Runs what is there, with a journal, until the fact. */
  const work = async (until: 'job.dead' | 'job.succeeded', count = 1): Promise<void> => {
    const facts = new Facts();
    const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
    const host = createWorkerHost({ app, engine, facts });
    const journal = keepJournal({ engine, facts, variables: { RELEASE: 'r7' }, worker: host.name, host: 'host-a' });
    let seen = 0;
    facts.on(until, () => void (seen += 1));
    await host.start();
    await waitFor('the jobs to end', () => seen >= count);
    await journal?.flush(5_000);
    await host.stop(2_000);
    await journal?.close();
  };
  const page = async (path: string): Promise<string> => (await dashboard.send(path, { headers: { cookie } })).text();
  const search = (fields: Readonly<Record<string, string>>): Promise<Response> =>
    dashboard.send('/jobs', {
      method: 'POST',
      headers: { cookie, origin: dashboard.url, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  const act = async (id: string, what: string, body: object, by = 'operator'): Promise<Response> =>
    dashboard.send(`/jobs/${id}/${what}`, {
      method: 'POST',
      headers: {
        cookie: await cookieOf(by),
        origin: dashboard.url,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify(body),
    });

  test('what matches is cancelled in the background: counted first, by whoever may, with the digest of a tag on record', async () => {
    const ofUser = (user: string) => mail({ user, order: 'o-1', email: 'ann@example.com' }, { delay: '1h' });
    const [one, two] = await client.enqueueMany([ofUser('u-17'), ofUser('u-17'), ofUser('u-18')]);
    const operator = await cookieOf('operator');
    const bulk = (body: object, as = operator): Promise<Response> =>
      dashboard.send('/jobs/bulk', {
        method: 'POST',
        headers: { cookie: as, origin: dashboard.url, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      });
    const cancel = { do: 'cancel', jobs: { tag: 'user=u-17' }, reason: 'sold out' };
    const rehearsed: unknown = await (await bulk({ ...cancel, dryRun: true })).json();
    expect(rehearsed).toMatchObject({ matched: 2, done: 2, more: false });
    expect(JSON.stringify(rehearsed)).toContain(one?.id);
    expect((await bulk({ ...cancel, dryRun: false }, cookie)).status).toBe(403);
    expect((await bulk({ do: 'discard', jobs: cancel.jobs, reason: 'x', dryRun: false })).status).toBe(403);
    for (const wrong of [
      { ...cancel, do: 'erase' },
      { ...cancel, reason: '' },
      { ...cancel, jobs: {} },
      { ...cancel, jobs: { state: 'waiting' } },
      { ...cancel, jobs: { tag: 'user=u-17', state: 'dead' } },
      { ...cancel, jobs: { tag: 'u-17' } },
      // Each would be on more jobs where this was passed over.
      { ...cancel, jobs: { tag: 'user=u-17', sate: 'running' } },
      { ...cancel, jobs: { tag: 'user=u-17', queue: 5 } },
      { ...cancel, jobs: { tag: `user=u-17 ${'order=o-1 '.repeat(40)}` } },
    ]) {
      const refused = await bulk({ dryRun: false, ...wrong });
      expect(refused.status).toBe(400);
      expect(await refused.text()).not.toContain('u-17');
    }
    expect((await client.job(one?.id ?? ''))?.state).toBe('delayed');
    expect((await bulk({ ...cancel, dryRun: false })).status).toBe(202);
    // Its time has come: it only ends.
    await waitFor('both to be cancelled', async () => (await client.job(two?.id ?? ''))?.state === 'waiting');
    await waitFor('both to be cancelled', async () => (await client.job(one?.id ?? ''))?.state === 'waiting');
    expect((await client.find({ tag: { user: 'u-18' } })).jobs).toMatchObject([{ state: 'delayed' }]);
    const recorded = dashboard.actions.filter(({ path }) => path === '/jobs/bulk');
    expect(recorded.find(({ outcome }) => outcome === 'done')).toMatchObject({
      user: 'operator',
      detail: { what: 'cancel all that match', matched: 2, reason: 'sold out' },
    });
    expect(JSON.stringify(recorded)).toMatch(/tag user \([\w-]{22}\)/);
    expect(JSON.stringify(recorded)).not.toContain('u-17');
    await waitFor('the page to say so', async () => /Cancel: tag user[\s\S]*done/.test(await page('/jobs')));
    // Buttons are there for what fits, and for whoever may.
    expect(await page('/jobs?contract=order-mail')).not.toContain('all that match');
    const shown = await (await dashboard.send('/jobs?contract=order-mail', { headers: { cookie: operator } })).text();
    expect(shown).toContain('Run now all that match');
    expect(shown).not.toContain('Discard all that match');
  });

  test('finds the mail of a customer by user while it waits, and shows neither value nor data', async () => {
    const { id } = await client.enqueue(mail, { user: 'u-17', order: 'o-1', email: 'ann@example.com' });
    await client.enqueue(mail, { user: 'u-18', order: 'the order of bob', email: 'bob@example.com' });
    const answer = await search({ tag: 'user=u-17' });
    expect(answer.status).toBe(200);
    const found = await answer.text();
    expect(found).toContain(`/jobs/${id}`);
    expect(found).not.toContain('the order of bob');
    expect(found).not.toContain('example.com');
    expect(JSON.stringify(dashboard.actions)).not.toContain('u-17');
    // In an address it is refused, and not repeated.
    const refused = await dashboard.send('/jobs?tag=user%3Du-17', { headers: { cookie } });
    expect(refused.status).toBe(400);
    expect(await refused.text()).not.toContain('u-17');
    expect(await page('/jobs?tag=order%3Do-1')).toContain(id);
    expect(await page('/jobs?state=waiting&contract=order-mail')).toContain(id);
    for (const wrong of ['state=gone', 'since=yesterday', 'cursor=%00', 'tag=order'])
      expect((await dashboard.send(`/jobs?${wrong}`, { headers: { cookie } })).status).toBeLessThan(500);
  });

  test('says of a chunk how many items it has', async () => {
    const [{ id }] = await Promise.all([client.enqueue(visit, { path: '/a' }), client.enqueue(visit, { path: '/b' })]);
    expect(await page(`/jobs/${id}`)).toContain('2 in this chunk');
    const { id: mailed } = await client.enqueue(mail, { user: 'u-1', order: 'o-1', email: 'ann@example.com' });
    expect(await page(`/jobs/${mailed}`)).not.toContain('in this chunk');
  });

  test('tells the story of a job: each attempt with worker, host and release; also when it is gone from its queue', async () => {
    const { id } = await client.enqueue(mail, { user: 'u-1', order: 'o-bad', email: 'ann@example.com' });
    await work('job.dead');
    const live = await page(`/jobs/${id}`);
    expect(live).toMatch(/attempt 1 on [^<]*\(host host-a, release r7\): dead \(attempts-exhausted\)/);
    expect(live).toContain('TypeError: no mailbox for');
    expect(live).not.toContain('ann@example.com');
    expect(live).not.toContain('u-1<');
    await (await dashboard.queue('email')).remove(id);
    const gone = await page(`/jobs/${id}`);
    expect(gone).toContain('gone from its queue');
    expect(gone).toContain('release r7');
    expect(await page('/jobs?state=dead')).toContain(id);
    expect(await page('/jobs?state=succeeded')).not.toContain(id);
    expect((await dashboard.send('/jobs/email-0mx00000000000000000-abcdefghij', { headers: { cookie } })).status).toBe(
      404,
    );
    expect((await dashboard.send('/jobs/nothing', { headers: { cookie } })).status).toBe(404);
  });

  test('a job leads to its batch, its children and its parent, to what enqueued it, and to other jobs of its key', async () => {
    const { id: batchId } = await client.batch({
      name: 'newsletter',
      jobs: [mail({ user: 'u-1', order: 'o-1', email: 'ann@example.com' })],
    });
    const first = await client.enqueue(pay, { order: 'o-7' });
    const { id: parent, children } = await client.flow(flow(pack({ order: 'o-7' }), [pick({ item: 'a' })]));
    await work('job.succeeded', 5);
    const second = await client.enqueue(pay, { order: 'o-7' });
    expect(second.id).not.toBe(first.id);
    const shown = await page(`/jobs/${second.id}`);
    expect(shown).toMatch(new RegExp(`Other runs of the same key[\\s\\S]*/jobs/${first.id}"`));
    expect(shown).toContain('stands for this job');
    expect(shown).not.toContain(':key');
    const [child] = children;
    expect(await page(`/jobs/${parent}`)).toMatch(new RegExp(`Children[\\s\\S]*/jobs/${child?.id}"[\\s\\S]*succeeded`));
    expect(await page(`/jobs/${child?.id}`)).toMatch(new RegExp(`Parent[\\s\\S]*/jobs/${parent}"`));
    // The handler of the payment enqueues a receipt.
    const { runs } = await client.find({ contract: 'receipt' });
    const { jobs: receipts } = await client.find({ id: first.id });
    const receipt = runs[0]?.jobId ?? receipts.find(({ name }) => name === 'receipt')?.id;
    expect(await page(`/jobs/${first.id}`)).toMatch(new RegExp(`Enqueued in[\\s\\S]*process ${process.pid} on `));
    expect(await page(`/jobs/${receipt}`)).toMatch(new RegExp(`Enqueued by[\\s\\S]*/jobs/${first.id}"`));
    const members = await dashboard.queue('email');
    const [member] = await members.getRanges(['completed'], 0, 0, true);
    expect(await page(`/jobs/${member}`)).toContain('newsletter: 1 members, 1 succeeded');
    expect(batchId).toContain('batch:');
  });

  test('what a replay does not do again is said where it is replayed', async () => {
    const { id } = await client.enqueue(charge, { order: 'o-1' });
    await work('job.dead');
    const shown = await page(`/jobs/${id}`);
    expect(shown).toMatch(/A replay as it is skips the steps whose results are kept:\s*<code>reserve<\/code>/);
    const letter = await page(`/dead-letters/${id}`);
    expect(letter).toContain(`/jobs/${id}"`);
  });

  test('operators change time and data while it waits, and replay with other data after its end; hidden values stay', async () => {
    const given = { user: 'u-1', order: 'o-9', email: 'ann@example.com' };
    const { id } = await client.enqueue(mail, given, { delay: '1h' });
    const shown = await page(`/jobs/${id}`);
    expect(shown).toContain('[redacted]');
    const data = JSON.stringify({ user: 'u-1', order: 'o-bad', email: '[redacted]' });
    expect((await act(id, 'update', { data }, 'viewer')).status).toBe(403);
    expect((await act(id, 'update', { data: '{' })).status).toBe(400);
    expect((await act(id, 'update', { data: '{"user":1}' })).status).toBe(400);
    expect((await act(id, 'update', { when: 'later', in: 'soon' })).status).toBe(400);
    expect((await act(id, 'update', { data })).status).toBe(200);
    expect((await (await dashboard.queue('email')).getJob(id))?.data).toEqual({ ...given, order: 'o-bad' });
    expect((await act(id, 'update', { when: 'now' })).status).toBe(200);
    await work('job.dead');
    const again = await act(id, 'replay', { data: JSON.stringify({ ...given, email: '[redacted]' }) });
    expect(again.status).toBe(200);
    const { next } = (await again.json()) as { next: string };
    expect(next).not.toBe(`/jobs/${id}`);
    expect((await (await dashboard.queue('email')).getJob(next.slice('/jobs/'.length)))?.data).toEqual(given);
    await work('job.succeeded');
    const after = await page(next);
    expect(after).toContain(`/jobs/${id}`);
    expect(after).toContain('replayed by operator');
    expect(after).toContain('{&quot;step&quot;:&quot;begun&quot;}');
  });
});
