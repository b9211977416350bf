import type { Redis } from 'ioredis';

/** One measured stretch of work. */
export interface Sample {
  readonly perSecond: number;
  /** CPU time of this process, in microseconds a job. */
  readonly nodeUs: number;
  /** CPU time of the Redis server, in microseconds a job. */
  readonly redisUs: number;
}

/** Runs `work` on `jobs` jobs and says what it cost this process and the Redis server. */
export async function measure(redis: Redis, jobs: number, work: () => Promise<void>): Promise<Sample> {
  const redisBefore = await redisCpuSeconds(redis);
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const redisAfter = await redisCpuSeconds(redis);
  return {
    perSecond: jobs / seconds,
    nodeUs: (cpu.user + cpu.system) / jobs,
    redisUs: ((redisAfter - redisBefore) * 1e6) / jobs,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function redisCpuSeconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const read = (field: string) => Number(new RegExp(`^${field}:(.*)$`, 'm').exec(info)?.[1] ?? 0);
  return read('used_cpu_user') + read('used_cpu_sys');
}
