import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ROOT } from './source-texts.ts';

/** What belongs to workers, dashboard and PostgreSQL, and would cost every web app its start-up time and memory. */
const HEAVY = ['amqplib', 'express', 'nodemailer', 'pg', 'pino', '@bull-board/api', 'web-push'];

/** In the order in which one process loads them: what is absent after all of these is absent after each. */
const LOADED = {
  contracts: ['src/contracts/index.ts'],
  cli: ['src/cli/index.ts'],
  catalogue: ['jobs/index.ts'],
  producer: ['tests/support/apps/quiet-producer.ts'],
  worker: ['src/cli/commands/work.ts'],
  // Required from CommonJS, and imported late.
  heavy: ['src/telemetry/metrics/index.ts', 'src/engine/postgres/pool.ts'],
} as const;

describe('what a program loads', () => {
  let once: ReturnType<typeof loadedAfter> | undefined;
  const loaded = () => (once ??= loadedAfter());

  test('contracts alone load no package', async () => {
    const after = await loaded();
    expect(after.contracts).toEqual([]);
  });

  test('the command line loads a command when it is asked for, and no package before', async () => {
    const after = await loaded();
    expect(after.cli).toEqual([]);
  });

  test('the catalogue alone loads its schema library and nothing else', async () => {
    const after = await loaded();
    expect(after.catalogue).toEqual(['zod']);
  });

  test('a producer on Redis loads BullMQ and its driver, and nothing of workers, dashboard or PostgreSQL', async () => {
    const after = await loaded();
    expect(after.producer).toEqual(expect.arrayContaining(['bullmq', 'ioredis', 'zod']));
    expect(after.producer.filter(name => HEAVY.includes(name))).toEqual([]);
  });

  test('a worker loads nothing of buses, event stores and dashboards that its app does not ask for', async () => {
    const after = await loaded();
    expect(
      after.worker.filter(name => ['amqplib', 'express', 'nodemailer', 'pg', 'prom-client'].includes(name)),
    ).toEqual([]);
  });

  test('the list sees what is required from CommonJS and what is imported late', async () => {
    const after = await loaded();
    expect(after.heavy).toEqual(expect.arrayContaining(['pg', 'pg-pool', 'prom-client', 'tdigest']));
  });
});

async function loadedAfter(): Promise<Record<keyof typeof LOADED, readonly string[]>> {
  const script = join(ROOT, 'tests/support/loaded-packages.ts');
  const modules = Object.values(LOADED).flat();
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...modules.map(path => join(ROOT, path))]);
  const lines = stdout.trim().split('\n');
  const seen = new Map<string, readonly string[]>(
    modules.map((path, index) => [path, JSON.parse(lines[index] ?? '') as readonly string[]]),
  );
  const last = (paths: readonly string[]): readonly string[] => seen.get(paths.at(-1) ?? '') ?? [];
  return {
    contracts: last(LOADED.contracts),
    cli: last(LOADED.cli),
    catalogue: last(LOADED.catalogue),
    producer: last(LOADED.producer),
    worker: last(LOADED.worker),
    heavy: last(LOADED.heavy),
  };
}
