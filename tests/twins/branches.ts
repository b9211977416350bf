import type { Redis } from 'ioredis';

const BRANCH = /^( *)--#([a-z-]+)$/gm;
const COUNTS = 'branches';

/** The names of a script's branches. */
export function branchesOf(script: string): readonly string[] {
  return [...script.matchAll(BRANCH)].map(([, , name = '']) => name);
}

/** The same script, counting in each branch that it was there. The counts are kept in a database of their own. */
export function counting(script: string, name: string): string {
  return script.replaceAll(
    BRANCH,
    (_, indent: string, branch: string) => `${indent}redis.call('HINCRBY', '${COUNTS}', '${name} ${branch}', 1)`,
  );
}

/** Counts are fetched, and taken away, before databases are compared. */
export async function takeCounts(redis: Redis, into: Map<string, number>): Promise<void> {
  const counts = await redis.hgetall(COUNTS);
  await redis.del(COUNTS);
  for (const [name, count] of Object.entries(counts)) into.set(name, (into.get(name) ?? 0) + Number(count));
}
