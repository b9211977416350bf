import { defineResource } from '../../src/contracts/index.ts';
import { database } from '../database.ts';
import { createHttpSink } from './http-sink.ts';
import { createPostgresSink } from './postgres-sink.ts';
import type { AnalyticsSink } from './sink.ts';

/** ANALYTICS_URL wins; without it events go into the database. */
export const analyticsSink = defineResource<URL | undefined, AnalyticsSink>({
  name: 'analytics sink',
  configure(environment, { neededBy, also }) {
    const url = environment.url('ANALYTICS_URL', { protocols: ['http:', 'https:'] });
    if (environment.has('ANALYTICS_URL')) return url;
    if (environment.has('DATABASE_URL')) also(database);
    else
      environment.problem(
        `Expected ANALYTICS_URL or DATABASE_URL to be set: it is where events go, needed by ${neededBy}.`,
      );
    return undefined;
  },
  open: async (url, { use }) => (url === undefined ? createPostgresSink(await use(database)) : createHttpSink(url)),
  migrate: async sink => sink.migrate?.(),
});
