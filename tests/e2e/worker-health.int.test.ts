import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/queue/index.ts';
import lettersApp from '../support/apps/letters.config.ts';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { program } from '../support/programs.ts';
import { namespace, redisUrl } from '../support/engines.ts';
import { parseExposition } from '../support/exposition.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const WORKER = program('workers/main.ts');
const APP = program('tests/support/apps/letters.config.ts');
interface Readiness {
  readonly reasons?: readonly string[];
  readonly workers?: { readonly answering: number; readonly wanted: number };
}

const LETTER = { queue: 'email', name: 'letter' };

describe('health and metrics of a worker host', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  function start(env: Readonly<Record<string, string>>): TestProcess {
    const worker = startProcess(WORKER, {
      args: ['--app', APP],
      env: { ARCHIVE_FILE: '/dev/null', POSTMAN: 'Pat', WORKER_PORT: '0', WORKER_PROCESSES: '2', ...env },
    });
    cleanups.push(async () => {
      worker.kill('SIGKILL');
      await worker.ended;
    });
    return worker;
  }

  async function addressOf(worker: TestProcess): Promise<string> {
    const line = await worker.line(/health and metrics are served/);
    return (JSON.parse(line) as { url: string }).url.replace('localhost', '127.0.0.1');
  }

  const readiness = async (url: string) => {
    const answer = await fetch(`${url}/readyz`);
    return { status: answer.status, body: (await answer.json()) as Readiness };
  };
  const isReady = async (url: string): Promise<boolean> => (await readiness(url)).status === 200;

  async function scrape(url: string) {
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    return { text, ...parseExposition(text) };
  }

  test('two processes are one valid exposition; what a killed one had counted stays', async () => {
    const space = namespace();
    const worker = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: space });
    const url = await addressOf(worker);
    await waitFor('both workers', () => isReady(url));
    const client = connect({ redis: redisUrl(), namespace: space });
    cleanups.push(() => client.close());
    const letter = lettersApp.jobs.get('letter');
    if (letter === undefined) throw new Error('The app has a letter.');
    const data = [
      ...Array.from({ length: 40 }, (_, index) => ({ to: `ada-${index}@example.com`, end: 'sent' })),
      { to: 'eve@example.com', end: 'refused' },
      { to: 'bob@example.com', end: 'unwanted' },
    ];
    await client.enqueueMany(data.map(each => ({ kind: 'job-request', contract: letter, data: each, options: {} })));

    const { text, value } = await waitFor('all ends to be counted', async () => {
      const now = await scrape(url);
      const dead = now.value('shiftwork_jobs_dead_total', { ...LETTER, reason: 'attempts-exhausted' });
      const cancelled = now.value('shiftwork_jobs_cancelled_total', LETTER);
      // The depth may be a second old.
      const kept = now.value('shiftwork_queue_depth', { queue: 'email', state: 'dead' });
      const ended = now.value('shiftwork_jobs_succeeded_total', LETTER) === 40 && dead === 1 && cancelled === 1;
      // A busy worker may answer too late to be part of it.
      return ended && kept === 2 && now.value('shiftwork_workers_answering') === 2 && now;
    });
    expect(value('shiftwork_jobs_retried_total', LETTER)).toBe(1);
    expect(value('shiftwork_jobs_cancelled_total', LETTER)).toBe(1);
    expect(value('shiftwork_job_run_seconds_count', LETTER)).toBe(42);
    expect(value('shiftwork_job_wait_seconds_count', LETTER)).toBe(40);
    expect(value('shiftwork_queue_oldest_due_seconds', { queue: 'email' })).toBe(0);
    expect(value('shiftwork_engine_up')).toBe(1);
    expect(value('shiftwork_event_loop_lag_p99_seconds')).toBeLessThan(60);
    // Supervisor and workers together.
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(100e6);
    expect(text).not.toMatch(/@example|ada-|Pat|127\.0\.0\.1/);

    const started = worker.lines.filter(line => line.includes('"fact":"worker.started"'));
    const { pid } = JSON.parse(started[0] ?? '') as { pid: number };
    process.kill(pid, 'SIGKILL');
    await waitFor('the death to be counted', async () => {
      const now = await scrape(url);
      expect(now.value('shiftwork_jobs_succeeded_total', LETTER)).toBe(40);
      return now.value('shiftwork_workers_died_total') === 1;
    });
  });

  test('counts the processes that answer, and no stopped one among them', async () => {
    const worker = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace() });
    const url = await addressOf(worker);
    await waitFor('both workers', () => isReady(url));
    const { pid } = JSON.parse(await worker.line(/"fact":"worker.started"/)) as { pid: number };
    process.kill(pid, 'SIGSTOP');
    try {
      const seen = await waitFor('its silence to be seen', async () => {
        const now = await readiness(url);
        return now.body.workers?.answering === 1 && now;
      });
      expect(seen.status).toBe(503);
      expect(seen.body.reasons).toContain('1 of 2 workers answer.');
      await worker.line(/"fact":"worker.blocked"/);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await waitFor('it to answer again', async () => (await readiness(url)).body.workers?.answering === 2);
    await waitFor('the warning to be counted', async () => {
      const { value } = await scrape(url);
      return (value('shiftwork_workers_blocked_total') ?? 0) >= 1;
    });
  });

  test('is red with its reasons while the engine is away and while it stops, and leaves at once', async () => {
    const port = await freePort();
    // Longer than the test may take: a stop that waits it out does not leave at once.
    const worker = start({ REDIS_URL: `redis://127.0.0.1:${port}`, SHUTDOWN_GRACE_MS: '600000' });
    const url = await addressOf(worker);
    await waitFor('the outage to be seen', async () => (await readiness(url)).body.reasons?.length === 3);
    expect(await readiness(url)).toEqual({
      status: 503,
      body: {
        status: 'not ready',
        reasons: ['The workers are starting.', 'The queue engine cannot be reached.', '0 of 2 workers answer.'],
        workers: { answering: 0, wanted: 2 },
      },
    });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    // Whoever asks during an outage gets what this host knows, and soon.
    const away = await scrape(url);
    expect(away.value('shiftwork_engine_up')).toBe(0);
    expect(away.value('shiftwork_queues_readable')).toBe(0);

    const redis = await startRedis({ port });
    cleanups.push(() => redis.stop());
    await waitFor('both workers', () => isReady(url));
    await redis.kill();
    await waitFor('the second outage to be seen', async () =>
      (await readiness(url)).body.reasons?.includes('The queue engine cannot be reached.'),
    );
    await redis.restart();
    await waitFor('the engine to be back', () => isReady(url));

    // A worker that is frozen keeps the stop from being over before anybody has looked.
    const { pid } = JSON.parse(await worker.line(/"fact":"worker.started"/)) as { pid: number };
    process.kill(pid, 'SIGSTOP');
    try {
      worker.kill('SIGTERM');
      await waitFor('the stop to be seen', async () =>
        (await readiness(url)).body.reasons?.includes('The workers are stopping and take no new work.'),
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await worker.ended).toBe(0);
  });

  test('says which port it could not have, and stops what it had started', async () => {
    const first = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), WORKER_PROCESSES: '1' });
    const { port } = new URL(await addressOf(first));
    const second = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), WORKER_PORT: port });
    expect(await second.ended).toBe(2);
    expect(second.lines.join('\n')).toContain(`Expected WORKER_PORT to be a free port, got ${port} (EADDRINUSE).`);
  });

  test('answers three addresses and nothing else, and only to those who read', async () => {
    const env = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), WORKER_PROCESSES: '1' };
    const url = await addressOf(start(env));
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    const head = await fetch(`${url}/livez`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
