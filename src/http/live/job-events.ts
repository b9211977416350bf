import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { InvalidConfigError } from '../../config/index.ts';
import type { App, Tags } from '../../contracts/index.ts';
import { codeOf, InvalidOptionsError, kindOf, requireKnown } from '../../errors/index.ts';
import { bareError } from '../../privacy/index.ts';
import { insidesOf, type Client, type JobView } from '../../queue/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { problemAnswer, send } from '../exchange/answer.ts';
import type { HttpHandler } from '../exchange/handler.ts';
import { RequestRefusedError } from '../exchange/request-refused-error.ts';
import { JobStreams } from '../streams/job-streams.ts';
import { USUAL_STREAMS, type StillAllowed } from '../streams/open-streams.ts';
import { publicJob, type PublicJob } from './public-job.ts';

/** What a request may see, as the app's own sign-in says. */
export type Allowed = {
  /** Who asks, such as the id of a user: streams are counted for each. */
  readonly caller: string;
} & (
  | {
      /** The id of a job: the stream ends when that does. */
      readonly job: string;
    }
  | {
      /** The newest 20 jobs that carry these tags. */
      readonly tag: Tags;
    }
);

export interface JobEventsOptions {
  /**
   * Which job, or which tag, this request may see; undefined: none. Asked when a stream is opened and again every `askAgain` with the same
   * request, so that a sign-out ends it: look the session up each time. Where it throws nobody is let in: 503, and an open stream ends; the page comes
   * again by itself.
   */
  readonly allow: (request: IncomingMessage) => Allowed | undefined | Promise<Allowed | undefined>;
  /** Whose contracts say what may be seen; that of the client when left out. */
  readonly app?: Pick<App, 'jobs'>;
  /** A stream ends after so long, and the page comes again by itself: 15 minutes when left out. */
  readonly endAfter?: Duration;
  /** 10 seconds when left out. */
  readonly askAgain?: Duration;
  /** Streams at once of one caller in this process: 10 when left out. */
  readonly perCaller?: number;
  /** Called with each failure whose cause was kept from the answer. */
  readonly onError?: (error: unknown) => void;
}

export interface JobEvents {
  /** Answers each GET with server-sent events: mount it at an address of its own. */
  readonly handler: HttpHandler;
  /** Ends every stream, so that the server can be closed. */
  close(): void;
}

const KNOWN: ReadonlySet<string> = new Set<keyof JobEventsOptions>([
  'allow',
  'app',
  'endAfter',
  'askAgain',
  'perCaller',
  'onError',
]);

/**
 * Live jobs for the pages of an app: how they stand and whatever changes, as server-sent events. The app says who may see what; of a job its id, its
 * contract's name and its state are shown, and what the contract lists in `publicFields`.
 * @throws InvalidConfigError for a client that was connected without its app: `connect({ app })`; InvalidOptionsError
 */
export function jobEvents(client: Client, options: JobEventsOptions): JobEvents {
  const insides = insidesOf(client);
  const { engine } = insides;
  requireOptions(options);
  const jobs: unknown = options.app?.jobs ?? insides.jobs;
  if (!isJobs(jobs)) {
    throw new InvalidConfigError([
      'Expected jobEvents() to get an app, whose contracts say what may be seen: connect({ app }), or its own option app.',
    ]);
  }
  const { allow, perCaller = USUAL_STREAMS.perCaller, onError = () => undefined } = options;
  const report = (error: unknown): void => onError(error instanceof Error ? bareError(error) : error);
  const streams = new JobStreams(insides, {
    ...USUAL_STREAMS,
    perCaller,
    endAfterMs: timerOf('endAfter', options.endAfter ?? USUAL_STREAMS.endAfterMs),
    askAgainMs: timerOf('askAgain', options.askAgain ?? USUAL_STREAMS.askAgainMs),
  });
  // A change is read once for all who follow the job.
  const shaped = new WeakMap<JobView, Promise<PublicJob | undefined>>();
  const shape = (view: JobView): Promise<PublicJob | undefined> => {
    const known = shaped.get(view) ?? publicJob(engine, jobs, view);
    shaped.set(view, known);
    return known;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      requireOwnPage(request);
      const allowed = await ask(allow, request, report);
      if (allowed === FAILED) throw signInFailed();
      if (allowed === undefined) throw hidden();
      const { caller } = allowed;
      const target = 'job' in allowed ? { job: allowed.job } : { tag: allowed.tag };
      if ('job' in target) await requireJob(client, jobs, target.job);
      const isStillAllowed = async (): Promise<StillAllowed> => {
        const now = await ask(allow, request, report);
        if (now === FAILED) return 'unknown';
        return now !== undefined && isSame(now, allowed) ? 'yes' : 'no';
      };
      await streams.open({ request, response, caller, target, shape, isStillAllowed });
    } catch (error) {
      if (response.headersSent) response.destroy();
      else send(response, problemAnswer(error, report));
    }
  };
  return {
    handler: (request, response) => void answer(request, response),
    close: () => streams.close(),
  };
}

/** Without a sign-in that can be asked every stream would be refused, and nobody would know why. @throws InvalidOptionsError */
function requireOptions(options: unknown): void {
  requireKnown('the options of jobEvents()', options, KNOWN);
  const { allow, onError, perCaller }: Readonly<Record<string, unknown>> = { ...options };
  if (typeof allow !== 'function') {
    throw new InvalidOptionsError(
      `Expected jobEvents() to get a function allow, which says what a request may see, got ${kindOf(allow)}.`,
    );
  }
  if (onError !== undefined && typeof onError !== 'function') {
    throw new InvalidOptionsError(`Expected onError of jobEvents() to be a function, got ${kindOf(onError)}.`);
  }
  if (perCaller === undefined || (Number.isSafeInteger(perCaller) && Number(perCaller) >= 1)) return;
  throw new InvalidOptionsError(
    'Expected perCaller of jobEvents() to be a whole number from 1 on: streams at once of one caller.',
  );
}

type Jobs = App['jobs'];

function isJobs(jobs: unknown): jobs is Jobs {
  return jobs instanceof Map;
}

/** Node ends a timer that is longer at once. @throws InvalidOptionsError */
function timerOf(name: string, duration: Duration): number {
  const ms = toMilliseconds(duration, name);
  if (ms >= 1 && ms <= 2_147_483_647) return ms;
  throw new InvalidOptionsError(`Expected ${name} to be 1ms to 24d, got ${ms} ms.`);
}

const FAILED = Symbol('the sign-in failed');

/** A sign-in that fails lets nobody in, and has not said no. */
async function ask(
  allow: JobEventsOptions['allow'],
  request: IncomingMessage,
  report: (error: unknown) => void,
): Promise<Allowed | typeof FAILED | undefined> {
  try {
    const allowed: unknown = await allow(request);
    return isAllowed(allowed) ? allowed : undefined;
  } catch (error) {
    report(error);
    return FAILED;
  }
}

function signInFailed(): RequestRefusedError {
  return new RequestRefusedError(503, 'Nobody can say now what may be seen.', { headers: { 'Retry-After': '5' } });
}

/** Of what an app's own answer carries beside, such as its session, nothing counts; that need not be JSON. */
function isSame(one: Allowed, other: Allowed): boolean {
  if (one.caller !== other.caller) return false;
  if ('job' in one) return 'job' in other && one.job === other.job;
  return 'tag' in other && isDeepStrictEqual({ ...one.tag }, { ...other.tag });
}

/** Plain JavaScript answers anything, `true` for one. */
function isAllowed(answer: unknown): answer is Allowed {
  if (typeof answer !== 'object' || answer === null) return false;
  if (!('caller' in answer) || typeof answer.caller !== 'string' || answer.caller === '') return false;
  const hasJob = 'job' in answer && typeof answer.job === 'string';
  const hasTag = 'tag' in answer && typeof answer.tag === 'object' && answer.tag !== null;
  return hasJob !== hasTag;
}

/** @throws RequestRefusedError 403, 405 */
function requireOwnPage({ method, headers }: IncomingMessage): void {
  if (method !== 'GET') throw new RequestRefusedError(405, 'Expected GET here.', { headers: { Allow: 'GET' } });
  // It could read nothing, and would take the user's share of streams.
  if (headers['sec-fetch-site'] === 'cross-site') {
    throw new RequestRefusedError(403, 'Expected a page of this site.');
  }
}

/** @throws RequestRefusedError 404 where it is not there, or of no contract of the app */
async function requireJob(client: Client, jobs: ReadonlyMap<string, unknown>, id: string): Promise<void> {
  const view = await client.job(id).catch((error: unknown) => {
    if (codeOf(error) === 'JOB_UNDECODABLE') return undefined;
    throw error;
  });
  if (view === undefined || !jobs.has(view.name)) throw hidden();
}

function hidden(): RequestRefusedError {
  return new RequestRefusedError(404, 'There is nothing here that may be seen.');
}
