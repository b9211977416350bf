import express, { Router, type Request, type Response } from 'express';
import type { BulkTasks } from '../../src/bulk/index.ts';
import type { App } from '../../src/contracts/index.ts';
import type { DeadLetters } from '../../src/dead-letters/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { isShiftworkError } from '../../src/errors/index.ts';
import { ALL_COUNTS, type JournalStore, type Standing } from '../../src/journal/index.ts';
import { isTooDeep } from '../../src/privacy/index.ts';
import { findJobs, placeOf, plainData, readStoredJob, type Client } from '../../src/queue/index.ts';
import { secretsOf } from '../../src/state/index.ts';
import { answer } from '../http/answers.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { mayAct } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { askedIn, isSensitive, namesOf, readAsked, type AskedJobs } from './asked-jobs.ts';
import { bulkRoute } from './bulk-route.ts';
import { editedData } from './edited-data.ts';
import { jobPage, REFRESH_SECONDS } from './job-page.ts';
import type { StateCounts } from './state-links.ts';
import { SharedLooks } from '../live/shared-looks.ts';
import { jobsPage } from './jobs-page.ts';
import { readJob, shownDataOf } from './read-job.ts';

export interface JobsRoutesOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly client: Pick<Client, 'update' | 'replay'>;
  readonly journal: () => Promise<JournalStore>;
  readonly tasks: BulkTasks;
  readonly letters: Pick<DeadLetters, 'sample'>;
  /** How many jobs there are of each state, of a queue or of all where it has no name. */
  readonly counts: (queue: string) => Promise<StateCounts | undefined>;
  readonly traceLink: string | undefined;
  readonly viewerOf: (request: Request) => Viewer;
}

const LISTED = 50;
const DAY = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY };

/** `/jobs` and `/jobs/:id`. Anybody looks, operators act. A search is posted where a tag is in it that stands in no address. */
export function jobsRoutes(options: JobsRoutesOptions): Router {
  const { base, app, engine, journal, tasks, counts, traceLink, viewerOf } = options;
  const router = Router();
  const looks = new SharedLooks<Awaited<ReturnType<typeof readJob>>>({ everySeconds: REFRESH_SECONDS });
  const show = async (request: Request, response: Response, asked: AskedJobs, problem?: string): Promise<void> => {
    const now = Math.floor(engine.clock.now());
    const checked = problem ?? readAsked(asked, now, LISTED);
    const isRead = typeof checked !== 'string';
    const [found, counted] = isRead
      ? await Promise.all([findJobs(engine, await secretsOf(engine).load(), checked, journal), counts(asked.queue)])
      : [];
    const covers = found?.journal === 'read' ? await coverage(journal, now) : undefined;
    response.status(isRead ? 200 : 400).type('html');
    response.send(
      jobsPage({
        base,
        viewer: viewerOf(request),
        asked: problem === undefined ? asked : { ...asked, tag: '' },
        sensitive: isSensitive(asked, app),
        contracts: [...app.jobs.keys()],
        queues: [...app.queues.keys()],
        problem: isRead ? undefined : checked,
        found,
        bulk: isRead ? checked : undefined,
        tasks: await tasks.list(),
        counts: counted,
        ...covers,
        now,
      }),
    );
  };
  router.get('/', async (request, response) => {
    const asked = askedIn(request.query);
    const shown = isSensitive(asked, app)
      ? 'The value of this tag is for nobody to see: write it into the form, which posts it. It stands in the address of this page, and in the logs of whatever passed it on.'
      : undefined;
    await show(request, response, asked, shown);
  });
  router.post('/', express.urlencoded({ extended: false, limit: '10kb' }), async (request, response) => {
    // It changes nothing: that somebody searched is on record, not what for.
    markDryRun(response);
    const asked = askedIn(request.body);
    describeAction(response, { what: 'find jobs', on: namesOf(asked) });
    await show(request, response, asked);
  });
  router.get('/:id', async (request, response) => {
    const { id } = request.params;
    const job = await looks.read(request, id, () => readJob(app, engine, journal, id));
    if (job === undefined) {
      const message = 'No job has this id: neither its queue nor the journal knows it.';
      return answer(request, response, { status: 404, title: 'Not found', message });
    }
    const now = Math.floor(engine.clock.now());
    response.type('html').send(jobPage({ base, viewer: viewerOf(request), job, traceLink, now }));
  });
  router.use(express.json({ limit: '300kb' }));
  router.post('/bulk', bulkRoute(options));
  router.post('/:id/update', (request, response) => act(options, request, response, 'update'));
  router.post('/:id/replay', (request, response) => act(options, request, response, 'replay'));
  return router;
}

async function act(
  { base, app, engine, client, viewerOf }: JobsRoutesOptions,
  request: Request,
  response: Response,
  what: 'update' | 'replay',
): Promise<void> {
  if (!mayAct(viewerOf(request).role, 'operator')) {
    return answer(request, response, { status: 403, title: 'Forbidden', message: 'Only an operator may do that.' });
  }
  const id = String(request.params['id']);
  describeAction(response, { what: `${what} a job`, on: id });
  const refused = (message: string): void => answer(request, response, { status: 400, title: 'Bad request', message });
  try {
    const {
      data: text,
      when,
      in: later,
    }: Readonly<Record<string, unknown>> = typeof request.body === 'object' && request.body !== null
      ? request.body
      : {};
    if (typeof text === 'string') {
      const parsed = parsedJson(text);
      if (parsed === undefined) return refused('Expected the data to be JSON.');
      if (isTooDeep(parsed.value)) return refused('Expected the data to be nested no deeper than it is shown.');
      const { shown, stored } = await storedData(app, engine, id);
      const data = editedData(parsed.value, shown, stored);
      const by = viewerOf(request).name;
      const { id: next } =
        what === 'update' ? await client.update(id, { data }) : await client.replay(id, { data, by });
      return void response.json({ next: `${base}/jobs/${encodeURIComponent(next)}` });
    }
    const at = timeOf(when, later, engine.clock.now());
    if (what === 'replay' || at === undefined)
      return refused('Expected {"data"}, or {"when"} with {"in"} such as 30m.');
    await client.update(id, { at });
    response.json({ next: `${base}/jobs/${encodeURIComponent(id)}` });
  } catch (error) {
    // Those that say what is wrong with the request; all others are answered as on every page.
    if (isShiftworkError(error) && REFUSALS.has(error.code)) return refused(error.message);
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'UPDATE_REFUSED',
  'REPLAY_REFUSED',
  'INVALID_PAYLOAD',
  'PAYLOAD_TOO_LARGE',
  'INVALID_OPTIONS',
  'JOB_UNDECODABLE',
  'PAYLOAD_KEY_MISSING',
  'ENCRYPTED_DATA_UNREADABLE',
  'GROUP_INVALID',
]);

async function storedData(
  app: App,
  engine: Engine,
  id: string,
): Promise<{ readonly shown?: unknown; readonly stored?: unknown }> {
  const place = placeOf(id);
  const queue = place && (await engine.existingQueue(place.queue));
  const job = place && queue && (await readStoredJob(queue, place.id));
  if (job === undefined) return {};
  // What is hidden is kept, as it was before it was encrypted: the client encrypts all of it again.
  const contract = app.jobs.get(job.name);
  const stored = contract === undefined ? job.data : plainData(engine.cipher, contract, job);
  return { shown: shownDataOf(app, job), stored };
}

function timeOf(when: unknown, later: unknown, now: number): Date | undefined {
  if (when === 'now') return new Date(now);
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(typeof later === 'string' ? later.trim() : '') ?? [];
  return when !== 'later' || count === undefined ? undefined : new Date(now + Number(count) * (UNITS[unit] ?? 0));
}

function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** What span the journal has, and which share of the successes of the last day. */
async function coverage(
  journal: () => Promise<JournalStore>,
  now: number,
): Promise<
  { readonly standing: Standing; readonly share: { readonly kept: number; readonly succeeded: number } } | undefined
> {
  try {
    const store = await journal();
    const [standing, counts] = await Promise.all([
      store.standing(),
      store.counts('hour', { from: now - DAY, to: now }, [ALL_COUNTS]),
    ]);
    const kept = counts.reduce((sum, each) => sum + each.kept, 0);
    const succeeded = counts.reduce((sum, each) => sum + each.succeeded, 0);
    return { standing, share: { kept, succeeded } };
  } catch {
    return undefined;
  }
}
