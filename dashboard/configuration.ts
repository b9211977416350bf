import { parseCommand } from '../src/command/index.ts';
import {
  readNamespace,
  Environment,
  readLogLevel,
  readNodeEnv,
  readRedisUrl,
  readTrustProxy,
  type Variables,
} from '../src/config/index.ts';
import { readSecrets, type GivenSecrets } from '../src/secrets/index.ts';
import { readTrustedHeader } from './sign-in/read-trusted-header.ts';
import type { TrustedHeader } from './sign-in/trusted-header.ts';
import { readAlertSettings, type AlertSettings } from '../src/standing/index.ts';
import { parseUsers, type DashboardUser } from './sign-in/users.ts';

export interface DashboardConfiguration {
  /** The app's module; `shiftwork.config.ts` when undefined. */
  readonly appPath: string | undefined;
  readonly engineUrl: string;
  readonly namespace: string | undefined;
  readonly secrets: GivenSecrets;
  readonly production: boolean;
  readonly users: readonly DashboardUser[];
  /** What programs show that ask for metrics. */
  readonly metricsToken: string | undefined;
  readonly trustProxy: number | string | undefined;
  /** Where a proxy says who asks, in place of users. */
  readonly trustedHeader: TrustedHeader | undefined;
  /** Below which path everything stands; empty for the root. */
  readonly basePath: string;
  /** Where people are told of what is wrong; undefined: nowhere. */
  readonly alerts: AlertSettings | undefined;
  /** Where traces are shown: an address with `{trace}` in it. */
  readonly traceLink: string | undefined;
  readonly port: number;
  /** Undefined: every address. In development the dashboard is reached from this machine alone. */
  readonly host: string | undefined;
}

const PORTS = { min: 0, max: 65_535 };

/** @throws InvalidConfigError with every fault of arguments and environment at once */
export function readConfiguration(argv: readonly string[], variables: Variables): DashboardConfiguration {
  const environment = new Environment(variables);
  const appPath = readAppPath(argv, environment);
  const redis = readRedisUrl(environment);
  const postgres = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] });
  if (!environment.has('REDIS_URL') && !environment.has('DATABASE_URL')) {
    environment.problem('Expected REDIS_URL or DATABASE_URL to be set: it is where the queues live.');
  }
  const production = readNodeEnv(environment) === 'production';
  const own = environment.integer('DASHBOARD_PORT', PORTS);
  const platform = production ? environment.integer('PORT', PORTS) : undefined;
  const trustProxy = readTrustProxy(environment);
  const trustedHeader = readTrustedHeader(environment, trustProxy);
  const configuration: DashboardConfiguration = {
    appPath,
    engineUrl: (environment.has('REDIS_URL') ? redis : postgres)?.href ?? '',
    namespace: readNamespace(environment),
    secrets: readSecrets(environment),
    production,
    users: readUsers(environment, production && !environment.has('DASHBOARD_AUTH_HEADER')),
    metricsToken: readMetricsToken(environment),
    trustProxy,
    trustedHeader,
    basePath: readBasePath(environment),
    alerts: readAlertSettings(environment),
    traceLink: readTraceLink(environment),
    port: own ?? platform ?? 3_001,
    host: production ? undefined : '127.0.0.1',
  };
  // The logger takes what it can read; a slip is told here, with the others.
  readLogLevel(environment);
  environment.check();
  return configuration;
}

function readAppPath(argv: readonly string[], environment: Environment): string | undefined {
  try {
    return parseCommand(argv, {}, { min: 0, max: 0 }, ['json']).app;
  } catch (cause) {
    environment.problem(cause instanceof Error ? cause.message : String(cause));
    return undefined;
  }
}

function readUsers(environment: Environment, needed: boolean): readonly DashboardUser[] {
  const text = environment.string('DASHBOARD_USERS');
  if (text === undefined) {
    if (needed) {
      environment.problem(
        'Expected DASHBOARD_USERS to name at least one user in production (name:role:hash, comma-separated); ' +
          'make a hash with "shiftwork users hash".',
      );
    }
    return [];
  }
  const { users, problems } = parseUsers(text);
  for (const problem of problems) environment.problem(problem);
  return users;
}

/** Long enough that nobody finds it by trying. */
function readMetricsToken(environment: Environment): string | undefined {
  const token = environment.string('METRICS_TOKEN');
  if (token !== undefined && !/^[\x21-\x7e]{16,512}$/.test(token)) {
    environment.problem('Expected METRICS_TOKEN to be 16 to 512 visible characters without spaces.');
  }
  return token;
}

function readTraceLink(environment: Environment): string | undefined {
  const link = environment.string('TRACE_URL');
  if (link === undefined || (/^https?:\/\/\S+$/.test(link) && link.includes('{trace}'))) return link;
  environment.problem('Expected TRACE_URL to be an http(s) address with {trace} in the place of the id.');
  return undefined;
}

/** Such as `/ops`. Nothing that a browser, a proxy or a router could read in two ways. */
function readBasePath(environment: Environment): string {
  const path = environment.string('DASHBOARD_BASE_PATH') ?? '';
  if (path === '' || path === '/') return '';
  if (!/^(\/[\w~-][\w.~-]*)+$/.test(path) || path.length > 200) {
    environment.problem(
      'Expected DASHBOARD_BASE_PATH to be a path such as /ops: letters, digits and . _ ~ -, no slash at its end.',
    );
  }
  return path;
}
