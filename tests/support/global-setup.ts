import type { TestProject } from 'vitest/node';
import { clearLeftData } from './data-folder.ts';
import { makeClusterOnce, startPostgres } from './postgres-server.ts';
import { SHARED_DATABASES, startRedis } from './redis-server.ts';
import { makePrograms } from './programs.ts';
import { requirePrograms } from './required-programs.ts';
import { makeTemplates } from './templates.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string;
    postgresUrl: string;
  }
}

/** One Redis and one PostgreSQL for the whole run; each test takes a namespace or a database of its own in them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  requirePrograms();
  clearLeftData();
  const removeCluster = await makeClusterOnce();
  const [redis, postgres] = await Promise.all([
    startRedis({ config: { databases: String(SHARED_DATABASES) } }),
    startPostgres(),
    makePrograms(),
  ]);
  await makeTemplates(postgres.url);
  project.provide('redisUrl', redis.url);
  project.provide('postgresUrl', postgres.url);
  const stop = async (): Promise<void> => {
    await Promise.all([redis.stop(), postgres.stop()]);
    await removeCluster();
  };
  // An interrupted run tears nothing down; PostgreSQL is in a group of its own and would stay.
  process.once('exit', () => void stop());
  return stop;
}
