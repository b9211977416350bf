import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ROOT } from './source-texts.ts';

/** What belongs to workers, dashboard and PostgreSQL, and would cost every web app its start-up time and memory. */
const HEAVY = ['amqplib', 'express', 'nodemailer', 'pg', 'pino', '@bull-board/api', 'web-push'];

describe('what a program loads', () => {
  test('a producer on Redis loads BullMQ and its driver, and nothing of workers, dashboard or PostgreSQL', async () => {
    const packages = await loadedBy('tests/support/apps/quiet-producer.ts');
    expect(packages).toEqual(expect.arrayContaining(['bullmq', 'ioredis', 'zod']));
    expect(packages.filter(name => HEAVY.includes(name))).toEqual([]);
  });

  test('the catalogue alone loads its schema library and nothing else', async () => {
    await expect(loadedBy('jobs/index.ts')).resolves.toEqual(['zod']);
  });

  test('contracts alone load no package', async () => {
    await expect(loadedBy('src/contracts/index.ts')).resolves.toEqual([]);
  });

  test('the command line loads a command when it is asked for, and no package before', async () => {
    await expect(loadedBy('src/cli/index.ts')).resolves.toEqual([]);
  });

  test('a worker loads nothing of buses, event stores and dashboards that its app does not ask for', async () => {
    const packages = await loadedBy('src/cli/index.ts', 'src/cli/commands/work.ts');
    expect(packages).toContain('bullmq');
    expect(packages.filter(name => ['amqplib', 'express', 'nodemailer', 'pg', 'prom-client'].includes(name))).toEqual(
      [],
    );
  });

  test('the list sees what is required from CommonJS and what is imported late', async () => {
    const packages = await loadedBy('src/telemetry/metrics/index.ts', 'src/engine/postgres/pool.ts');
    expect(packages).toEqual(expect.arrayContaining(['pg', 'pg-pool', 'prom-client', 'tdigest']));
  });
});

async function loadedBy(...modules: readonly string[]): Promise<readonly string[]> {
  const script = join(ROOT, 'tests/support/loaded-packages.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...modules.map(path => join(ROOT, path))]);
  return JSON.parse(stdout) as readonly string[];
}
