import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { openEngine } from '../../src/engine/index.ts';
import { journalSchema } from '../../src/journal/index.ts';
import { migrateSchema } from '../../src/migrations/index.ts';
import { load } from '../results.ts';
import { postgresServer, redisServer, type Server } from '../servers.ts';
import { CONTRACTS, QUEUES } from './app.ts';
import type { Spent } from './dashboard.ts';
import { BulkJournal } from './bulk-journal.ts';
import { fill, type Amounts, type Filled } from './fill.ts';
import { wholeJournal } from './journal.ts';
import { keepTabsOpen } from './tabs.ts';
import { Statements, STATEMENT_SETTINGS } from './statements.ts';

/**
 * What do the pages cost where there is much to show? `npm run bench:page` fills each engine with a million runs, 100,000 dead letters of 200 causes and 50
 * queues, and asks a dashboard in a process of its own for each page, 20 times: how long the answer takes, what it asks the engine, and what it weighs.
 * `-- redis` or `-- postgres` for one of the engines, `-- 100000` for so many runs and a tenth of as many dead letters, `-- --only jobs` for pages of such names, `-- --only tabs` for open tabs alone,
 * `-- --statements` for what cost PostgreSQL most of each page.
 */
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, statements: { type: 'boolean', default: false } },
});
const ENGINES = ['redis', 'postgres'];
const unknown = positionals.find(each => !ENGINES.includes(each) && !/^\d+$/.test(each));
if (unknown !== undefined) throw new Error(`Expected a number of runs, redis or postgres, got "${unknown}".`);
const RUNS = Number(positionals.find(each => /^\d+$/.test(each)) ?? 1_000_000);
const AMOUNTS: Amounts = {
  runs: RUNS,
  letters: RUNS / 10,
  waiting: Math.min(20_000, RUNS / 10),
  schedules: 1_000,
  actions: 10_000,
  hosts: 20,
};
const ONLY = options.only;
const TIMES = 20;
/** The overview reads what it judges once in five to nine seconds: so long between two looks, each is a whole one. */
const OVERVIEW_EVERY_MS = 9_500;
/** With `--only`: no page is asked for, but what open tabs cost together. */
const TABS_ALONE = 'tabs';
const TABS = 20;
const TABS_MS = 30_000;
const TAB_EVERY_MS = 10_000;
const LOOKS_FOLLOWED = 4;

interface Question {
  readonly name: string;
  readonly path: string;
  /** Posted as a form: a tag that stands in no address. */
  readonly form?: Readonly<Record<string, string>>;
  readonly everyMs?: number;
  /** What a right answer holds. */
  readonly holds: string;
}

function questionsOf({ jobId, waitingId, user, order, cause, slowAt }: Filled): readonly Question[] {
  const time = (at: number): string => new Date(at).toISOString().slice(0, 16);
  const [since, until] = [time(slowAt), time(slowAt + 15 * 60_000)];
  const [contract] = CONTRACTS;
  return [
    { name: 'overview', path: '/', everyMs: OVERVIEW_EVERY_MS, holds: QUEUES[0] ?? '' },
    { name: 'overview, 7 days', path: '/?range=7d', everyMs: OVERVIEW_EVERY_MS, holds: QUEUES[0] ?? '' },
    { name: 'jobs, the newest', path: '/jobs', holds: 'waiting' },
    { name: 'jobs by a sensitive tag', path: '/jobs', form: { tag: `user=${user}` }, holds: jobId },
    { name: 'jobs by a public tag', path: `/jobs?tag=order%3D${order}`, holds: jobId },
    { name: 'jobs by id', path: `/jobs?id=${jobId}`, holds: jobId },
    { name: 'jobs by contract', path: `/jobs?contract=${contract?.name}&state=succeeded`, holds: 'succeeded' },
    { name: 'jobs by state', path: '/jobs?state=dead', holds: 'dead' },
    { name: 'jobs by state and queue', path: `/jobs?state=dead&queue=${QUEUES[7]}`, holds: 'dead' },
    { name: 'jobs by time', path: `/jobs?state=succeeded&since=${since}&until=${until}`, holds: 'succeeded' },
    { name: 'jobs by cause', path: `/jobs?cause=${cause}&state=dead`, holds: 'dead' },
    { name: 'dead letters', path: '/dead-letters', holds: '-service answered' },
    { name: 'one cause', path: `/dead-letters?cause=${cause}`, holds: '-service answered' },
    {
      name: 'one dead letter',
      path: `/dead-letters/${encodeURIComponent(`${QUEUES[0]}/seeded-000000`)}`,
      holds: '-service',
    },
    { name: 'a job that waits', path: `/jobs/${waitingId}`, holds: waitingId },
    { name: 'a job of the past', path: `/jobs/${jobId}`, holds: jobId },
    { name: 'history, 1 hour', path: '/history?range=1h', holds: 'deploy' },
    { name: 'history, 24 hours', path: '/history?range=24h', holds: 'deploy' },
    { name: 'history, 14 days', path: '/history?range=14d', holds: 'deploy' },
    { name: 'history of a queue, 24 hours', path: `/history?range=24h&queue=${QUEUES[3]}`, holds: 'deploy' },
    { name: 'schedules', path: '/schedules', holds: 'digest' },
    { name: 'workers', path: '/workers', holds: 'host-19' },
    { name: 'running', path: '/running', holds: 'Running' },
    { name: 'scaling', path: '/scaling', holds: QUEUES[0] ?? '' },
    { name: 'audit', path: '/audit', holds: 'replay dead letters' },
    {
      name: 'queues (Bull Board)',
      path: `/queues/api/queues?activeQueue=${QUEUES[0]}&page=1&jobsPerPage=10`,
      holds: QUEUES[0] ?? '',
    },
    { name: 'metrics', path: '/metrics', holds: 'shiftwork_' },
  ];
}

/** The dashboard's process. */
class Subject {
  readonly #child: ChildProcess;
  #url = '';

  constructor(url: string, namespace: string) {
    this.#child = fork(new URL('./dashboard.ts', import.meta.url), [url, namespace]);
  }

  async ready(): Promise<void> {
    const [{ port }] = (await once(this.#child, 'message')) as [{ readonly port: number }];
    this.#url = `http://127.0.0.1:${port}`;
    while (!(await fetch(`${this.#url}/readyz`)).ok) await pause(100);
  }

  async spent(): Promise<Spent> {
    const answer = once(this.#child, 'message');
    this.#child.send('spent');
    const [spent] = (await answer) as [Spent];
    return spent;
  }

  async ask({ path, form, holds, name }: Pick<Question, 'path' | 'form' | 'holds' | 'name'>) {
    const before = await this.spent();
    const from = performance.now();
    const answer = await fetch(`${this.#url}${path}`, {
      headers: { origin: this.#url, accept: 'text/html' },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    const text = await answer.text();
    const ms = performance.now() - from;
    if (!answer.ok || !text.includes(holds))
      throw new Error(`${name} was answered with ${answer.status}, without "${holds}": ${text.slice(0, 2_000)}`);
    const after = await this.spent();
    return { ms, sent: after.sent - before.sent, cpuMs: (after.cpuUs - before.cpuUs) / 1_000, bytes: text.length };
  }

  /** Bytes that a page which follows the overview is sent: at first, and then a look on average. */
  async follow(looks: number): Promise<readonly [first: number, others: number]> {
    const left = new AbortController();
    const { body } = await fetch(`${this.#url}/live`, { signal: left.signal });
    const bytes = [0];
    let text = '';
    try {
      for await (const chunk of body ?? []) {
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + chunk.length;
        text = (text + Buffer.from(chunk).toString()).slice(-1_000);
        // Whatever is sent of a look ends with it.
        if (text.endsWith('event: look\ndata: {}\n\n') && bytes.push(0) > looks + 1) break;
      }
    } finally {
      left.abort();
    }
    const [first = 0, ...others] = bytes.slice(0, looks + 1);
    return [first, others.reduce((sum, each) => sum + each, 0) / looks];
  }

  /** How many tabs there were, and what all of them together asked a second. */
  async keepTabsOpen(): Promise<{ readonly tabs: number; readonly commands: number }> {
    const { sent } = await this.spent();
    const { tabs, ms } = await keepTabsOpen(this.#url);
    return { tabs, commands: ((await this.spent()).sent - sent) / (ms / 1_000) };
  }

  async end(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}

/** Of those that are asked for. */
function asked(filled: Filled): readonly Question[] {
  return questionsOf(filled).filter(({ name }) => ONLY === undefined || name.includes(ONLY));
}

const NOBODY: Filled = { jobId: '', waitingId: '', user: '', order: '', cause: '', slowAt: 0 };
if (ONLY !== TABS_ALONE && asked(NOBODY).length === 0) {
  const names = questionsOf(NOBODY).map(({ name }) => name);
  throw new Error(`Expected --only to be ${TABS_ALONE} or a part of one of these: ${names.join('; ')}. Got "${ONLY}".`);
}

async function trial(server: Server): Promise<void> {
  const namespace = 'page';
  const say = (text: string): void => console.log(`${server.kind}: ${text}`);
  const engine = openEngine({ url: server.url, role: 'worker', namespace });
  const begunAt = performance.now();
  await engine.migrate();
  await engine.clock.known();
  if (server.kind === 'PostgreSQL') {
    const pool = new Pool({ connectionString: server.url, max: 1 });
    await migrateSchema(pool, journalSchema(namespace));
    await pool.end();
  }
  const journal = await wholeJournal(engine);
  const bulk = new Pool({ connectionString: server.url, max: 4 });
  const into = server.kind === 'PostgreSQL' ? new BulkJournal(bulk, namespace) : journal;
  const filled = await fill({ url: server.url, namespace }, engine, into, AMOUNTS, say);
  await bulk.end();
  const statements = server.kind === 'PostgreSQL' ? new Statements(server.url) : undefined;
  await statements?.begin();
  const { failed, succeeded } = await journal.standing();
  say(
    `filled in ${((performance.now() - begunAt) / 1_000).toFixed(0)} s; the journal of ${RUNS} runs takes ${mb(failed.bytes + succeeded.bytes)} MB`,
  );
  const subject = new Subject(server.url, namespace);
  try {
    await subject.ready();
    const before = await subject.spent();
    await pause(10_000);
    const idle = await subject.spent();
    say(
      `nobody looks: ${((idle.sent - before.sent) / 10).toFixed(1)} commands a second, ${idle.memoryMb.toFixed(0)} MB`,
    );
    const rows: Readonly<Record<string, string>>[] = [];
    for (const question of asked(filled)) {
      await statements?.forget();
      const answers: Awaited<ReturnType<Subject['ask']>>[] = [];
      let engineUs = 0;
      for (let time = 0; time < TIMES; time += 1) {
        if (question.everyMs !== undefined) await pause(question.everyMs);
        const cpuBefore = await server.cpuUs();
        // A statement that a busy machine does not answer in time makes one page that says so, and no end of the run.
        await subject.ask(question).then(
          answer => answers.push(answer),
          (error: unknown) => say(String(error).slice(0, 200)),
        );
        engineUs += (await server.cpuUs()) - cpuBefore;
      }
      const sorted = (of: (each: (typeof answers)[number]) => number): number[] =>
        answers.map(of).sort((a, b) => a - b);
      const at = (values: readonly number[], share: number): number =>
        values[Math.ceil(values.length * share) - 1] ?? Number.NaN;
      const ms = sorted(each => each.ms);
      rows.push({
        page: question.name,
        unread: String(TIMES - answers.length),
        'p50, ms': at(ms, 0.5).toFixed(0),
        'p95, ms': at(ms, 0.95).toFixed(0),
        'max, ms': at(ms, 1).toFixed(0),
        'its CPU, ms': at(
          sorted(each => each.cpuMs),
          0.5,
        ).toFixed(0),
        'engine CPU, ms': (engineUs / answers.length / 1_000).toFixed(0),
        [server.kind === 'Redis' ? 'commands' : 'statements']: String(
          at(
            sorted(each => each.sent),
            0.5,
          ),
        ),
        load: String(Math.round(load())),
        KB: (
          at(
            sorted(each => each.bytes),
            1,
          ) / 1_024
        ).toFixed(0),
      });
      say(Object.values(rows.at(-1) ?? {}).join(' | '));
      for (const line of (await statements?.dearest(TIMES)) ?? []) console.log(`    ${line}`);
    }
    console.table(rows);
    if (ONLY !== undefined && ONLY !== TABS_ALONE) return;
    const [first, others] = await subject.follow(LOOKS_FOLLOWED);
    say(`a page that follows the overview is sent ${kb(first)} KB, and ${kb(others)} KB with each look`);
    const { sent } = await subject.spent();
    const tabsBegan = performance.now();
    const [overview] = questionsOf(filled);
    if (overview === undefined) throw new Error('The question about the overview is missing.');
    await Promise.all(
      Array.from({ length: TABS }, async (_, tab) => {
        await pause((tab * TAB_EVERY_MS) / TABS);
        for (; performance.now() - tabsBegan < TABS_MS; await pause(TAB_EVERY_MS))
          await subject.ask(overview).catch(() => undefined);
      }),
    );
    const tabs = await subject.spent();
    const seconds = (performance.now() - tabsBegan) / 1_000;
    say(
      `${TABS} tabs of the overview: ${((tabs.sent - sent) / seconds).toFixed(1)} commands a second; the dashboard holds ${tabs.memoryMb.toFixed(0)} MB`,
    );
    const opened = await subject.keepTabsOpen();
    say(
      `${opened.tabs} tabs, ten of a job each and the others of all pages that renew themselves: ${opened.commands.toFixed(1)} commands a second`,
    );
  } finally {
    await statements?.end();
    await subject.end();
    await engine.close(1_000);
  }
}

function kb(bytes: number): string {
  return (bytes / 1_024).toFixed(0);
}

function mb(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}

for (const [kind, open] of [
  ['redis', redisServer],
  ['postgres', () => postgresServer(options.statements ? STATEMENT_SETTINGS : {})],
] as const) {
  if (ENGINES.some(each => positionals.includes(each)) && !positionals.includes(kind)) continue;
  const server = await open();
  try {
    await trial(server);
  } finally {
    await server.stop();
  }
}
