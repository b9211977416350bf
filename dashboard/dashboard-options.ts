import type { Express } from 'express';
import type { App } from '../src/contracts/index.ts';
import type { OtherDeadLetters } from '../src/dead-letters/index.ts';
import type { Engine } from '../src/engine/index.ts';
import type { Facts } from '../src/facts/index.ts';
import type { JournalStore } from '../src/journal/index.ts';
import { InvalidConfigError, unknownOptions } from '../src/config/index.ts';
import { kindOf } from '../src/errors/index.ts';
import type { DashboardAction } from './audit/record-actions.ts';
import type { ProjectionsView } from './projections/projections-page.ts';
import type { Authenticate } from './sign-in/authenticate.ts';
import type { DashboardUser } from './sign-in/users.ts';

export interface DashboardOptions {
  readonly app: App;
  /** Opened by the caller, who also closes it. It may be away. */
  readonly engine: Engine;
  /** Who may sign in here. Nobody, and no `authenticate`: allowed in development alone, and then only for a browser on this machine. */
  readonly users?: readonly DashboardUser[];
  /**
   * Says who asks, in an app that knows its people: nobody signs in here then. An undefined answer, one without a role that there is, and
   * whatever it throws are 401. What changes something still has to come from a page of the dashboard.
   */
  readonly authenticate?: Authenticate | undefined;
  readonly production: boolean;
  /** As express takes it: hops, or addresses of proxies whose X-Forwarded-For is believed. Nobody's by default. */
  readonly trustProxy?: number | string | undefined;
  /** The path at which people reach it, such as `/ops`, whether or not it is taken off before `handler`; empty for the root. */
  readonly basePath?: string;
  /** What a program that asks for `/metrics` shows as a bearer token; without one it has to sign in as people do. */
  readonly metricsToken?: string | undefined;
  /** The projections of the app's event store, for `/projections`; none by default. */
  readonly projections?: ProjectionsView | undefined;
  /** The journal, where it is not beside the queues: as workers with a DATABASE_URL keep it. */
  readonly journal?: (() => Promise<JournalStore>) | undefined;
  /** Where traces are shown, with `{trace}` for the id. */
  readonly traceLink?: string | undefined;
  /** Dead letters that are no jobs: of subscriptions, of projections. */
  readonly otherLetters?: readonly OtherDeadLetters[] | undefined;
  /** Where jobs that are added by hand are stated; nowhere by default. */
  readonly facts?: Facts;
  /** Sends a test message where alerts go; without it nobody can. */
  readonly testAlert?: (() => Promise<void>) | undefined;
  /** Called with each change that somebody made or was refused. */
  readonly onAction?: (action: DashboardAction) => void;
  /** Called with each failure whose cause was kept from the answer. */
  readonly onError?: (error: unknown) => void;
}

const KNOWN: { readonly [Option in keyof Required<DashboardOptions>]: true } = {
  app: true,
  engine: true,
  users: true,
  authenticate: true,
  production: true,
  trustProxy: true,
  basePath: true,
  metricsToken: true,
  projections: true,
  journal: true,
  traceLink: true,
  otherLetters: true,
  facts: true,
  testAlert: true,
  onAction: true,
  onError: true,
};

export interface Dashboard {
  /** An express app: listen with it, or mount it in yours before any body parser. */
  readonly handler: Express;
  /** Ends what open pages follow, so that the server can be closed: they ask by themselves until another one answers. */
  endStreams(): void;
  /** Stops looking for queues. The engine stays open. */
  close(): Promise<void>;
}

/**
 * What plain JavaScript may have left out or mistaken: where nobody has said whether this is production, nobody signs in.
 * @throws InvalidConfigError with every fault at once
 */
export function requireOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidConfigError([
      `Expected createDashboard() to get { app, engine, production, users }, got ${kindOf(options)}.`,
    ]);
  }
  const { app, engine, production, users, authenticate }: Readonly<Record<string, unknown>> = { ...options };
  const problems = unknownOptions('createDashboard()', options, KNOWN);
  const expect = (isSo: boolean, name: string, what: string, given: unknown): void => {
    if (!isSo) problems.push(`Expected ${name} of createDashboard() to be ${what}, got ${kindOf(given)}.`);
  };
  expect(Object(app).kind === 'app', 'app', 'what defineApp() has made', app);
  expect(typeof Object(engine).place === 'function', 'engine', 'what openEngine() has opened', engine);
  expect(typeof production === 'boolean', 'production', 'true or false', production);
  expect(users === undefined || Array.isArray(users), 'users', 'a list of those who may sign in', users);
  expect(
    authenticate === undefined || typeof authenticate === 'function',
    'authenticate',
    'a function that says who asks',
    authenticate,
  );
  if (problems.length > 0) throw new InvalidConfigError(problems);
}

/** @throws InvalidConfigError unless there is one way in, or none and no production */
export function requireOneWayIn({ users = [], authenticate, production }: DashboardOptions): void {
  if (production && users.length === 0 && authenticate === undefined) {
    throw new InvalidConfigError([
      'Expected DASHBOARD_USERS to name at least one user in production (name:role:hash); make a hash with "shiftwork users hash".',
    ]);
  }
  if (users.length > 0 && authenticate !== undefined) {
    throw new InvalidConfigError(['Expected "users" or "authenticate", found both: there is one way in.']);
  }
}
