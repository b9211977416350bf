import { isUnreachable } from '../../resilience/index.ts';
import type { EngineReport } from '../engine.ts';
import { clockWarnings } from '../clock/clock-check.ts';
import { FAIL_FAST_MS } from '../settings/limits.ts';
import type { Outage } from '../outage/outage.ts';
import { within } from '../../time/index.ts';

/** BullMQ recommends it; older ones lack commands that its scripts fall back from slowly. */
const MINIMUM = [6, 2] as const;

/** The three questions that the check asks. */
export interface AskedRedis {
  time(): Promise<readonly (number | string)[]>;
  info(): Promise<string>;
  config(subcommand: 'GET', name: string): Promise<unknown>;
}

/** What INFO, TIME and (where allowed) CONFIG say about a Redis that queues are to live on. */
export async function checkRedis(redis: AskedRedis, outage: Outage, onCluster = false): Promise<EngineReport> {
  const ask = <Value>(answer: Promise<Value>) => within(FAIL_FAST_MS, answer, () => outage.error(undefined));
  try {
    const askedAt = Date.now();
    const [seconds, microseconds] = await ask(redis.time());
    const here = (askedAt + Date.now()) / 2;
    const clockDifferenceMs = Math.round(here - (Number(seconds) * 1_000 + Number(microseconds) / 1_000));
    const info = parseInfo(await ask(redis.info()));
    const version = info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown';
    const errors = [
      ...versionErrors(version),
      ...kindErrors(info, onCluster),
      ...(await policyErrors(redis, info, ask)),
    ];
    const warnings = [
      ...(await persistenceWarnings(redis, info, ask)),
      ...(await replicationWarnings(redis, info, ask)),
    ];
    return {
      errors,
      warnings: [...warnings, ...clockWarnings(clockDifferenceMs)],
      version,
      clockDifferenceMs,
    };
  } catch (cause) {
    if (isUnreachable(cause)) throw outage.error(cause);
    throw cause;
  }
}

/** Whether it takes writes at all: a replica refuses them, a node of a cluster most of them, and nothing else can be tried on it. */
export async function kindErrorsOf(redis: Pick<AskedRedis, 'info'>): Promise<string[]> {
  // Who may not ask is told so by the trial of rights.
  const info = await redis.info().catch(() => '');
  return kindErrors(parseInfo(info), false);
}

type Info = ReadonlyMap<string, string>;
type Ask = <Value>(answer: Promise<Value>) => Promise<Value>;

function versionErrors(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return [];
  return [`Expected Redis ${MINIMUM.join('.')} or newer, found ${version}. Upgrade the server.`];
}

function kindErrors(info: Info, onCluster: boolean): string[] {
  const errors: string[] = [];
  if (info.get('role') === 'slave')
    errors.push(
      'Expected a primary, found a read-only replica. Use the URL of the primary, or that of its sentinels: redis+sentinel://HOST:26379/MASTER.',
    );
  if (info.get('cluster_enabled') === '1' && !onCluster) {
    errors.push(
      'Expected a single Redis, found a node of a Redis Cluster. Begin its URL with redis+cluster:// or rediss+cluster://.',
    );
  }
  return errors;
}

async function policyErrors(redis: AskedRedis, info: Info, ask: Ask): Promise<string[]> {
  // INFO is allowed where managed servers forbid CONFIG.
  const policy = info.get('maxmemory_policy') ?? (await setting(redis, 'maxmemory-policy', ask)) ?? 'unknown';
  if (policy === 'noeviction') return [];
  return [
    `Expected maxmemory-policy "noeviction", found "${policy}": Redis would throw jobs away when memory is short. ` +
      'Run "CONFIG SET maxmemory-policy noeviction" and put "maxmemory-policy noeviction" into redis.conf ' +
      "(with a managed server: change it in the provider's settings).",
  ];
}

/** One that is cut off from its replicas would go on acknowledging what it loses when one of them has taken its place. */
async function replicationWarnings(redis: AskedRedis, info: Info, ask: Ask): Promise<string[]> {
  if (Number(info.get('connected_slaves') ?? 0) === 0) return [];
  if ((await setting(redis, 'min-replicas-to-write', ask)) !== '0') return [];
  return [
    'Redis acknowledges jobs also while it is cut off from its replicas, and loses them when one of these takes its place. ' +
      'Set "min-replicas-to-write 1" and "min-replicas-max-lag 10".',
  ];
}

async function persistenceWarnings(redis: AskedRedis, info: Info, ask: Ask): Promise<string[]> {
  if (info.get('aof_enabled') === '1') return [];
  const advice = 'Set "appendonly yes" so that a restart of Redis loses at most a second of jobs.';
  const save = await setting(redis, 'save', ask);
  if (save === '') return [`Redis keeps nothing on disk: all jobs are lost when it restarts. ${advice}`];
  return [`Redis keeps snapshots at most: jobs since the last one are lost when it restarts. ${advice}`];
}

async function setting(redis: AskedRedis, name: string, ask: Ask): Promise<string | undefined> {
  try {
    const answer: unknown = await ask(redis.config('GET', name));
    const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch (cause) {
    if (isUnreachable(cause)) throw cause;
    return undefined;
  }
}

function parseInfo(text: string): Info {
  const lines = text.split('\r\n').filter(line => line.includes(':'));
  return new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
