import { randomBytes } from 'node:crypto';
import type { AnyEventContract, AnyJobContract, App, InputOf, Needs, PayloadOf } from '../../contracts/index.ts';
import { MemoryEngine, MemoryServer, VirtualClock } from '../../engine/index.ts';
import type { Bus } from '../../events/index.ts';
import { Facts } from '../../facts/index.ts';
import type { Outbox } from '../../outbox/index.ts';
import { openCipher } from '../../privacy/index.ts';
import { InvalidOptionsError, kindOf, requireKnown } from '../../errors/index.ts';
import { clientOn, type Client } from '../../queue/index.ts';
import { assignmentProblems } from '../../runtime/index.ts';
import { InvalidConfigError } from '../../config/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { enqueuedJobs, type EnqueuedJob, type KeepsJobs } from './enqueued-job.ts';
import { needsByContract, type GivenNeeds } from './given-needs.ts';
import { recordRuns, type RecordedRun } from './recorded-run.ts';
import { TestAppStoppedError } from './test-app-stopped-error.ts';
import { TestLetters } from './test-letters.ts';
import { TestTime } from './test-time.ts';
import type { AnswerQuery, TestTransaction } from './test-transaction.ts';
import { TestWorker } from './test-worker.ts';
import { untilQuiet } from './until-quiet.ts';

export interface TestAppOptions<N extends Needs> {
  /** What the handlers get in place of the real resources, by the names under which they ask for them; or a map from the resources. */
  readonly needs: GivenNeeds<N>;
  /** When the test begins; now when left out. */
  readonly now?: Date | undefined;
  /** How long `drain()` waits, by the computer's clock, for something to happen; 4 s when left out, less than runners give a test. */
  readonly patience?: Duration | undefined;
  /** Answers the app's own statements in `transaction()`; no rows when left out. */
  readonly query?: AnswerQuery | undefined;
}

/** `needs` may be left out where no handler has any. */
export type GivenOptions<N extends Needs> =
  Record<never, never> extends N ? [options?: Partial<TestAppOptions<N>>] : [options: TestAppOptions<N>];

const NAMESPACE = 'test';
const PATIENCE_MS = 4_000;

/**
 * An app at work in a test: the whole pipeline, on an engine in memory and a clock that the test moves. Nothing runs by itself: `drain()`
 * runs what is due, `advance()` lets time pass.
 */
export class TestApp<N extends Needs = Needs> implements KeepsJobs {
  readonly facts = new Facts();
  /** The whole client: give it to the code under test. */
  readonly client: Client;
  /** What the engine is in production: `takeAway()` refuses every call, `freeze()` answers none, `bringBack()` ends both. */
  readonly engine: Pick<MemoryServer, 'takeAway' | 'freeze' | 'bringBack' | 'isUp'>;
  /** Every run that has an outcome, oldest first. */
  readonly runs: readonly RecordedRun[];
  readonly #clock: VirtualClock;
  readonly #server: MemoryServer;
  readonly #jobs: EnqueuedJob[] = [];
  readonly #letters: TestLetters;
  readonly #worker: TestWorker;
  readonly #time: TestTime;
  readonly #queues: readonly string[];
  readonly #patienceMs: number;
  readonly #query: AnswerQuery;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(app: App<N>, { needs, now, patience = PATIENCE_MS, query = () => [] }: Partial<TestAppOptions<N>> = {}) {
    this.#queues = worked(app);
    const { facts } = this;
    const given = needsByContract(app, needs ?? {});
    this.#patienceMs = toMilliseconds(patience, 'patience');
    this.#query = query;
    const clock = new VirtualClock((now ?? new Date()).getTime());
    // Of this test alone: contracts that encrypt work without any setting.
    const secrets = { payloadKeys: `test:${randomBytes(32).toString('base64')}` };
    const cipher = openCipher(secrets, NAMESPACE);
    const server = new MemoryServer(NAMESPACE, clock, (job, queue) =>
      this.#jobs.push(...enqueuedJobs(app, cipher, job, queue)),
    );
    server.gate.close();
    const engine = new MemoryEngine(
      new URL('memory://test'),
      { url: '', role: 'producer', namespace: NAMESPACE, secrets },
      server,
    );
    this.#clock = clock;
    this.#server = server;
    this.engine = server;
    this.client = clientOn(engine, facts, undefined, undefined, app);
    this.runs = recordRuns(facts);
    this.#letters = new TestLetters({
      app,
      engine,
      namespace: NAMESPACE,
      client: this.client,
      facts,
      now: () => clock.now(),
    });
    this.#worker = new TestWorker({
      app,
      server,
      namespace: NAMESPACE,
      secrets,
      facts,
      queues: this.#queues,
      needs: given,
    });
    this.#time = new TestTime({ app, engine, client: this.client, facts, clock, queues: () => this.#memory() });
  }

  /** The time of the test: of delays, retries, expiry, schedules and limits. */
  get now(): Date {
    return new Date(this.#clock.now());
  }

  /** Writes through `transaction()`: give it to the code under test. */
  get outbox(): Outbox {
    return this.#letters.outbox;
  }

  /** What is published here is kept until `relay()` or `drain()`. The app's reactions are subscribed. */
  get bus(): Bus {
    return this.#letters.bus;
  }

  /**
   * Every job of this contract that was queued, oldest first, whoever did it and whatever became of it. Of a contract with `chunk` every item, with
   * the id of its chunk's job.
   * @throws InvalidOptionsError for what is no contract: it was never queued, and a test that says so would hold
   */
  enqueued<Contract extends AnyJobContract>(contract: Contract): readonly EnqueuedJob<InputOf<Contract>>[] {
    requireJob('enqueued', contract);
    // The contract of that name has validated each.
    return this.#jobs.filter(({ name }) => name === contract.name) as EnqueuedJob<InputOf<Contract>>[];
  }

  dataOf<Contract extends AnyJobContract>(contract: Contract): readonly InputOf<Contract>[] {
    return this.enqueued(contract).map(({ data }) => data);
  }

  /** The payloads of every event of this contract that was published or committed to the outbox, oldest first. */
  published<Contract extends AnyEventContract>(contract: Contract): readonly PayloadOf<Contract>[] {
    return this.#letters.payloadsOf(contract);
  }

  /**
   * Runs `work` in a transaction that writes into no database: what an outbox writes in it is there when it resolves, gone when it rejects.
   * @throws TestAppStoppedError after close()
   */
  async transaction<Result>(work: (tx: TestTransaction) => Promise<Result>): Promise<Result> {
    this.#requireOpen('transaction()');
    return this.#letters.transaction(work, this.#query);
  }

  /**
   * Does what a relay does: brings the outbox to queues and bus, and events to their reactions. Runs no job.
   * @throws TestAppStoppedError after close(), or where the engine was taken away before; what a reaction threw
   */
  async relay(): Promise<void> {
    this.#requireOpen('relay()');
    this.#requireEngine('relay()');
    await this.#relay();
  }

  async #relay(): Promise<void> {
    while (await this.#letters.relay());
  }

  /**
   * Runs everything that is due, what follows from it included, until nothing is left that may begin now. Time stands still meanwhile; a
   * handler that fails makes it reject no more than it stops a worker: look at `runs`.
   * @throws DrainStuckError where a run does not end; TestAppStoppedError after close(), or where the engine was taken away before; what a
   *   reaction threw
   */
  async drain(): Promise<void> {
    this.#requireOpen('drain()');
    // One that is under way ends when the engine goes away.
    if (this.#draining === undefined) this.#requireEngine('drain()');
    return this.#drained();
  }

  #drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  /**
   * Lets time pass: runs what is due now, then everything at the time at which it becomes due. While the engine is away time passes alone.
   * @throws as `drain`, but where the engine is away
   */
  async advance(duration: Duration): Promise<void> {
    this.#requireOpen('advance()');
    const end = this.#clock.now() + toMilliseconds(duration, 'the time to pass');
    await this.#time.begin();
    await this.#drained();
    while (await this.#time.toNext(end)) await this.#drained();
    await this.#drained();
  }

  /**
   * The worker dies now, in the middle of whatever it runs: call it where the handler is to end, such as in a fake, and wait for it, which
   * never ends. Its jobs go back without an attempt, and another worker runs them in the same `drain()`.
   * @throws TestAppStoppedError after close()
   */
  async crash(): Promise<never> {
    this.#requireOpen('crash()');
    return this.#worker.crash();
  }

  /** The next job of this contract that is done runs twice: its first end is lost, as when a worker dies before it could record it. */
  runTwice(contract: AnyJobContract): void {
    this.#requireOpen('runTwice()');
    requireJob('runTwice', contract);
    this.#worker.runTwice(contract);
  }

  /** Ends what the app has open. What still runs is stopped. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(call: string): void {
    if (this.#closing !== undefined) throw new TestAppStoppedError(call, 'closed');
  }

  #requireEngine(call: string): void {
    if (!this.#server.isUp) throw new TestAppStoppedError(call, 'engine-away');
  }

  async #drain(): Promise<void> {
    await this.#time.begin();
    if (this.#server.isUp) await this.#worker.started();
    const running = (): number => this.#worker.running;
    this.#server.openGate();
    try {
      do {
        await this.#relay();
        // What the test, or a handler, has enqueued without waiting for it.
        await this.client.flush();
        const queues = this.#memory();
        await untilQuiet({ server: this.#server, queues, running, patienceMs: this.#patienceMs });
        if (this.#server.isUp) await this.#worker.started();
      } while (await this.#letters.relay());
    } finally {
      this.#server.gate.close();
    }
  }

  #memory() {
    return this.#queues.map(queue => this.#server.queue(NAMESPACE, queue));
  }

  async #close(): Promise<void> {
    await this.#worker.stop();
    await this.#time.stop();
    await this.#letters.close();
    await this.client.close();
  }
}

/**
 * An app in a test: the whole pipeline, without a server, a port or a wait.
 *
 * Use: `const test = createTestApp(app, { needs: { mailer } }); await signUp(test.client); await test.drain();
 * assertSucceeded(test, welcomeEmail)`.
 * @throws InvalidOptionsError where something is missing that a handler needs, InvalidConfigError where a worker would refuse to start
 */
export function createTestApp<N extends Needs = Needs>(app: App<N>, ...[options]: GivenOptions<N>): TestApp<N> {
  requireApp(app);
  if (options !== undefined) requireKnown('the options of createTestApp()', options, OPTIONS);
  if (options?.now !== undefined) requireTime(options.now);
  return new TestApp(app, options);
}

const OPTIONS: ReadonlySet<string> = new Set(['needs', 'now', 'patience', 'query']);

/** From plain JavaScript, and through casts, comes anything. */
function requireApp(app: unknown): void {
  if (Object(app).kind === 'app') return;
  throw new InvalidOptionsError(`Expected createTestApp(app) with what defineApp() has made, got ${kindOf(app)}.`);
}

function requireJob(call: string, contract: unknown): void {
  if (Object(contract).kind === 'job') return;
  throw new InvalidOptionsError(`Expected ${call}(contract) with what defineJob() has made, got ${kindOf(contract)}.`);
}

function requireTime(now: unknown): void {
  if (now instanceof Date && Number.isFinite(now.getTime())) return;
  throw new InvalidOptionsError(
    `Expected now of createTestApp() to be a Date, got ${now instanceof Date ? 'an invalid one' : kindOf(now)}.`,
  );
}

/** Queues with handlers: an app without any for a queue only enqueues there. */
function worked(app: App): readonly string[] {
  const served = new Set([...app.handlers.values()].map(({ contract }) => contract.queue));
  const queues = [...app.queues.keys()].filter(queue => served.has(queue));
  const problems = assignmentProblems(app, queues);
  if (problems.length > 0) throw new InvalidConfigError(problems);
  return queues;
}
