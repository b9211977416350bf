import type { Environment } from './environment.ts';

/** REDIS_URL; what is wrong with it is a fault of the environment. */
export function readRedisUrl(environment: Environment): URL | undefined {
  const url = environment.url('REDIS_URL', { protocols: ['redis:', 'rediss:'] });
  const problem = url && redisUrlProblem(url);
  if (problem === undefined) return url;
  environment.problem(problem.replace('the URL of Redis', 'REDIS_URL'));
  return undefined;
}

/** What is wrong with where in a Redis a URL leads. Never repeats it: what stands there may be half of a password. */
export function redisUrlProblem({ pathname, searchParams }: URL): string | undefined {
  // The driver makes 1 of "1.5", and ends the process on what is no number at all.
  if (/^(\/\d{0,9})?$/.test(pathname) && /^\d{0,9}$/.test(searchParams.get('db') ?? '')) return undefined;
  return 'Expected the URL of Redis to end with the number of a database, such as /0, or without one.';
}
