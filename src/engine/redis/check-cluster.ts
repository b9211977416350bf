import type { Cluster } from 'ioredis';
import { mastersOf, SLOTS } from '../../redis/index.ts';
import type { EngineReport } from '../engine.ts';
import { FAIL_FAST_MS } from '../settings/limits.ts';
import type { Outage } from '../outage/outage.ts';
import { checkRedis } from './check.ts';
import { within } from '../../time/index.ts';

/** What `checkRedis` says about each master, with its address before it, and whether all slots are served. */
export async function checkCluster(cluster: Cluster, outage: Outage): Promise<EngineReport> {
  const info = await within(FAIL_FAST_MS, cluster.cluster('INFO'), () => outage.error(undefined));
  const served = Number(/^cluster_slots_ok:(\d+)/m.exec(String(info))?.[1] ?? SLOTS);
  const masters = mastersOf(cluster);
  const reports = await Promise.all(masters.map(server => checkRedis(server, outage, true)));
  const [first] = reports;
  const named = (of: 'errors' | 'warnings'): string[] =>
    reports.flatMap((report, index) => {
      const { host, port } = masters[index]?.options ?? {};
      return report[of].map(text => `${host}:${port}: ${text}`);
    });
  const unserved =
    served < SLOTS
      ? [`Expected the cluster to serve all ${SLOTS} slots, found ${served}. Run "redis-cli --cluster fix HOST:PORT".`]
      : [];
  return {
    errors: [...unserved, ...named('errors')],
    warnings: named('warnings'),
    version: first?.version ?? 'unknown',
    clockDifferenceMs: first?.clockDifferenceMs ?? 0,
  };
}
