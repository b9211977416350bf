import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { defineApp, handle, type AnyJobContract, type Handler, type JobContract } from '../../src/contracts/index.ts';
import { connect as connectReally, type Client } from '../../src/queue/index.ts';
import { ROOT } from '../architecture/source-texts.ts';
import { engineCases } from '../support/engines.ts';
import { runApp, type RunningApp } from '../support/running-app.ts';
import { waitFor } from '../support/wait-for.ts';

/** What is done every day: each file that these guides show is loaded and used, as their reader would. */
const GUIDES = ['enqueueing', 'keys', 'steps', 'results', 'batches-and-flows', 'finding', 'limits', 'chunks'] as const;
type Guide = (typeof GUIDES)[number];
type Shown = Readonly<Record<string, unknown>>;

/** What the guides leave to their reader, and declare. */
const charges: string[] = [];
const shipped: unknown[] = [];
const printed: unknown[] = [];
const rows: unknown[] = [];
const sent: string[] = [];
let reserved = 0;
const READERS = {
  charge: async (orderId: string, key: string) => ({
    chargeId: `${charges.push(key) === 1 ? 'one' : 'more'} ${orderId}`,
  }),
  reserve: async () => {
    reserved += 1;
    if (reserved === 1) throw new Error('not yet');
    return ['parcel'];
  },
  ship: async (...all: unknown[]) => void shipped.push(all),
  customersOf: async () => [{ name: 'Ada' }, { name: 'Bob' }],
  store: async () => undefined,
  send: async (email: string) => void sent.push(email),
  readersOf: async () => ['cy@example.com', 'di@example.com'],
  shelfOf: async (item: string) => item.length,
  print: async (...all: unknown[]) => void printed.push(all),
  insertAll: async (all: readonly unknown[]) => (rows.push(...all), new Set()),
};

describe.each(engineCases)('the guides to what is done every day, on $kind', fixture => {
  let folder = '';
  let running: RunningApp | undefined;
  let client: Client;
  const opened: Client[] = [];
  const shown = new Map<string, Shown>();
  const of = (guide: Guide, file: string): Shown => shown.get(`${guide}/${file}`) ?? {};
  /** What a file exports under that name. */
  const contract = (guide: Guide, file: string, name: string): JobContract => of(guide, file)[name] as JobContract;
  const call = async (guide: Guide, file: string, name: string, ...args: readonly unknown[]): Promise<unknown> => {
    const found = of(guide, file)[name];
    if (typeof found !== 'function') throw new Error(`Expected ${guide}/${file} to export the function ${name}.`);
    return Reflect.apply(found, undefined, args);
  };
  const ends = (id: string) =>
    waitFor(`job ${id} to end`, async () => {
      const view = await client.job(id);
      return view?.finishedAt === undefined ? undefined : view;
    });
  const run = (guide: Guide, file: string): Promise<Shown> => import(join(folder, guide, file)) as Promise<Shown>;

  beforeAll(async () => {
    for (const list of [charges, shipped, printed, rows, sent]) list.splice(0);
    reserved = 0;
    for (const [name, does] of Object.entries(READERS)) vi.stubGlobal(name, does);
    const place = await fixture.open();
    const connect = (): Client => {
      const made = connectReally({ [fixture.kind]: place.url, namespace: place.namespace });
      opened.push(made);
      return made;
    };
    // In the place of the reader's REDIS_URL.
    vi.stubGlobal('connectHere', connect);
    mkdirSync(join(ROOT, '.shiftwork'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.shiftwork/guides-'));
    writeFileSync(
      join(folder, 'shiftwork.ts'),
      `export * from '${join(ROOT, 'src/index.ts')}';\nexport const connect = () => globalThis.connectHere();\n`,
    );
    const scripts = new Set([
      'enqueueing/enqueue.ts',
      'enqueueing/replay.ts',
      'enqueueing/pause.ts',
      'chunks/page-views.ts',
    ]);
    const files: string[] = [];
    for (const guide of GUIDES) {
      mkdirSync(join(folder, guide));
      const text = readFileSync(join(ROOT, `docs/guides/${guide}.md`), 'utf8');
      for (const [, name = '', block = ''] of text.matchAll(/```ts\n\/\/ ([\w.-]+\.ts)\n([\s\S]*?)```/g)) {
        writeFileSync(
          join(folder, guide, name),
          block.replaceAll(" from 'shiftwork'", ` from '${join(folder, 'shiftwork.ts')}'`),
        );
        files.push(`${guide}/${name}`);
      }
    }
    if (files.length !== 16)
      throw new Error(`Expected 16 files in these guides, found ${files.length}: use each new one here.`);
    // Whose engine has to be there first.
    const early = files.filter(file => !scripts.has(file));
    for (const file of early) shown.set(file, (await import(join(folder, file))) as Shown);
    const made = [...shown.values()].flatMap(each => Object.values(each));
    const jobs = made.filter(each => Object(each).kind === 'job') as AnyJobContract[];
    const handlers = made.filter(each => Object(each).kind === 'handler') as Handler[];
    const served = new Set(handlers.map(each => each.contract));
    const others = jobs.filter(each => !served.has(each)) as JobContract[];
    const app = defineApp({ jobs, handlers: [...handlers, ...others.map(each => handle(each, () => undefined))] });
    running = await runApp({ open: async () => place }, app);
    client = running.client;
  });

  afterAll(async () => {
    for (const each of opened.splice(0)) await each.close();
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
    vi.unstubAllGlobals();
  });

  test('enqueue, change, replay, pause', async () => {
    const resize = contract('enqueueing', 'jobs.ts', 'resize');
    await run('enqueueing', 'enqueue.ts');
    const [one, two] = await client.enqueueMany(['i7', 'i8'].map(imageId => resize({ imageId, width: 100 })));
    const [id, other] = [one?.id ?? '', two?.id ?? ''];
    await Promise.all([id, other].map(ends));
    const args = process.argv;
    process.argv = [...args.slice(0, 2), id, other];
    await run('enqueueing', 'replay.ts').finally(() => (process.argv = args));
    await run('enqueueing', 'pause.ts');
    expect(await client.pauses()).toEqual([]);
  });

  test('keys: a debounced job takes the last text, a request has its answer again', async () => {
    for (const text of ['a', 'b']) await call('keys', 'keyed-calls.ts', 'onChange', client, 'home', text);
    const { jobs } = await client.find({ contract: 'index' });
    expect(jobs).toHaveLength(1);
    const first = await call('keys', 'keyed-calls.ts', 'onRequest', client, 'a1', 'r1');
    expect(await call('keys', 'keyed-calls.ts', 'onRequest', client, 'a1', 'r1')).toBe(first);
  });

  test('steps: what was charged is not charged again after a failure', async () => {
    const placeOrder = contract('steps', 'orders.ts', 'placeOrder');
    const { id } = await client.enqueue(placeOrder, { orderId: 'o1' });
    expect(await ends(id)).toMatchObject({ state: 'succeeded', attemptsMade: 2 });
    expect([charges, shipped]).toEqual([[id], [['o1', 'one o1', ['parcel']]]]);
  });

  test('results: who waits has the result, and progress is seen', async () => {
    expect(await call('results', 'resize.ts', 'resized', 'i1')).toBe('https://images.example/i1/300');
    const { id } = await client.enqueue(contract('results', 'imports.ts', 'importCustomers'), { fileId: 'f1' });
    expect(await ends(id)).toMatchObject({ state: 'succeeded', progress: { done: 2, of: 2 } });
  });

  test('a batch reports what was sent, members add members, a flow gives results to its parent', async () => {
    const readers = ['ann@example.com', 'bo@example.com'];
    const reported = running?.facts.next('job.succeeded', ({ jobName }) => jobName === 'newsletter-report');
    const id = String(await call('batches-and-flows', 'newsletter.ts', 'sendNewsletter', 'march', readers));
    expect(await call('batches-and-flows', 'newsletter.ts', 'sendNewsletter', 'march', readers)).toBe(id);
    const report = await client.job((await reported)?.jobId ?? '');
    expect(report?.result).toBe('2 of 2 were sent');
    const sendPage = contract('batches-and-flows', 'newsletter.ts', 'sendPage');
    const pages = await client.batch({ name: 'pages', jobs: [sendPage({ issue: 'april', page: 1 })] });
    const view = await waitFor('the pages', async () => {
      const batch = await client.batchView(pages.id);
      return batch?.state === 'ended' ? batch : undefined;
    });
    expect(view.ended.succeeded).toBe(3);
    expect(sent.toSorted()).toEqual([...readers, 'cy@example.com', 'di@example.com']);
    await call('batches-and-flows', 'order.ts', 'placeOrder', 'o2', ['ab', 'abc']);
    await waitFor('the parcel', () => printed.length === 1);
    expect(printed).toEqual([['o2', expect.arrayContaining([2, 3])]]);
  });

  test('tags find what is somebody’s; limits and chunks run', async () => {
    const mail = await client.enqueue(contract('finding', 'tagged-jobs.ts', 'orderMail'), {
      userId: 'u1',
      orderId: 'o3',
    });
    await ends(mail.id);
    expect(await call('finding', 'tagged-jobs.ts', 'mailsOf', client, 'u1')).toEqual(['order-mail: succeeded ']);
    const { id } = await client.enqueue(contract('limits', 'reports.ts', 'buildReport'), {
      tenantId: 't1',
      month: 'May',
    });
    expect(await ends(id)).toMatchObject({ state: 'succeeded' });
    const turn = await client.enqueue(contract('limits', 'mails.ts', 'mail'), {
      tenantId: 'acme',
      to: 'ann@example.com',
    });
    expect(await ends(turn.id)).toMatchObject({ state: 'succeeded' });
    await run('chunks', 'page-views.ts');
  });
});
