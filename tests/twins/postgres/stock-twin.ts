import type { Client } from 'pg';
import type { End, EndKind, NewJob, Rest, SettleAnswer, Turn } from '../../../src/engine/turns/index.ts';
import { LOCK_MS, QUEUE, RATE, type HistorySettings, type Step, type Answer, type Twin } from '../step.ts';
import { doDeed } from './deeds.ts';
import { emptyTables } from './empty-tables.ts';
import { inSettlingOrder } from './settling-order.ts';

type Kind = SettleAnswer['kind'];

const KINDS: Readonly<Record<string, Kind>> = {
  '-1': 'missing',
  '-3': 'lock-lost',
  '-4': 'waits-for-children',
  '-6': 'taken-over',
  '-9': 'children-failed',
};

interface StoredJob {
  readonly id: string;
  readonly lock_token: string;
  readonly name: string;
  readonly data: unknown;
  readonly opts: unknown;
  readonly attempts_made: number;
  readonly attempts_started: number;
  readonly stacktrace: unknown;
  readonly deferred_failure: string | null;
  readonly size: number;
}

/** BullMQ's functions, one job at a time, with the time given. */
export class StockTwin implements Twin {
  readonly #client: Client;
  #settings: HistorySettings = { limited: false, metricsKept: 0, losesAnswers: false, eventsKept: undefined };

  constructor(client: Client) {
    this.#client = client;
  }

  async start(settings: HistorySettings): Promise<void> {
    this.#settings = settings;
    await emptyTables(this.#client, settings);
  }

  async apply(step: Step): Promise<Answer> {
    switch (step.what) {
      case 'add': {
        const ids: unknown[] = [];
        for (const job of step.jobs) ids.push(await this.#add(job));
        return ids;
      }
      case 'turn':
        return this.#turn(step.turn);
      case 'stalled': {
        const rows = await this.#rows<{ id: string }>('SELECT id FROM move_stalled_jobs_to_wait($1, $2, $3, 1) AS id', [
          step.mostStalls,
          step.now,
        ]);
        return rows.map(({ id }) => id).toSorted();
      }
      case 'stock':
        return doDeed(this.#client, step.deed);
    }
  }

  /** As BullMQ's Job and its backend of 6.7.0 hand a job over. */
  async #add({ id, name, data, opts, timestamp }: NewJob): Promise<unknown> {
    const { delay = 0, backoff } = opts;
    const stored = {
      attempts: 0,
      ...opts,
      ...(typeof backoff === 'number' && { backoff: { type: 'fixed', delay: backoff } }),
    };
    const [row] = await this.#rows<{ id: string }>(
      'SELECT add_job($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL, NULL, $10, NULL, $11) AS id',
      [
        id,
        name,
        data,
        JSON.stringify(stored),
        opts.priority ?? 0,
        delay,
        timestamp,
        opts.attempts ?? 0,
        opts.deduplication?.id ?? null,
        opts.lifo ?? false,
      ],
    );
    return row?.id;
  }

  async #turn({ now, ends, take }: Turn): Promise<Answer> {
    const settled: Kind[] = [];
    const rare = new Set<number>();
    for (const [index, end] of ends.entries()) if (await this.#isRare(end, ends.slice(0, index))) rare.add(index);
    const plain = [...ends.keys()].filter(index => !rare.has(index));
    for (const index of plain) await this.#note(ends[index]);
    const held = await this.#held(ends);
    // Those that are refused change nothing, and so have no place in the order.
    const refused = plain.filter(index => !held.has(index));
    const accepted = plain.filter(index => held.has(index));
    for (const index of [...refused, ...inSettlingOrder(ends, accepted, now)])
      settled[index] = await this.#end(ends[index], now);
    for (const index of rare) {
      await this.#client.query('BEGIN');
      await this.#note(ends[index]);
      settled[index] = await this.#end(ends[index], now);
      await this.#client.query(settled[index] === 'settled' ? 'COMMIT' : 'ROLLBACK');
    }
    await this.#count(ends, settled, now);
    const { jobs, rest } = take === undefined ? { jobs: [], rest: undefined } : await this.#take(take, now);
    return { settled, jobs, rest };
  }

  async #held(ends: readonly End[]): Promise<ReadonlySet<number>> {
    const rows = await this.#rows<{ id: string; lock_token: string | null }>(
      "SELECT id, lock_token FROM job WHERE queue = $1 AND state = 'active' AND id = ANY ($2)",
      [ends.map(({ jobId }) => jobId)],
    );
    const tokens = new Map(rows.map(({ id, lock_token }) => [id, lock_token]));
    return new Set([...ends.keys()].filter(index => tokens.get(ends[index]?.jobId ?? '') === ends[index]?.token));
  }

  /** Our statement leaves these to BullMQ's functions, after the others: a deliberate difference. */
  async #isRare({ jobId, end }: End, before: readonly End[]): Promise<boolean> {
    if (before.some(other => other.jobId === jobId)) return true;
    if (end.what !== 'succeeded' && !('attempts' in end)) return false;
    const [row] = await this.#rows<{ rare: boolean }>(
      `SELECT parent_id IS NOT NULL
           OR EXISTS (SELECT 1 FROM job_dependency WHERE parent_queue = $1 AND parent_id = $2)
           OR EXISTS (SELECT 1 FROM dedup_next n WHERE n.queue = $1 AND n.dedup_id = job.dedup_id) AS rare
         FROM job WHERE queue = $1 AND id = $2`,
      [jobId],
    );
    return row?.rare === true;
  }

  /** Written with the end, and only where the job is this worker's. */
  async #note(ended: End | undefined): Promise<void> {
    if (ended === undefined || ended.end.what === 'handed-back') return;
    const { jobId, token, end } = ended;
    const held = await this.#rows(
      "SELECT 1 FROM job WHERE queue = $1 AND id = $2 AND state = 'active' AND lock_token = $3",
      [jobId, token],
    );
    if (held.length === 0) return;
    if (end.line !== undefined) {
      const [row] = await this.#rows<{ idx: string }>(
        `INSERT INTO job_log (queue, job_id, idx, row)
         VALUES ($1, $2, COALESCE((SELECT MAX(idx) + 1 FROM job_log WHERE queue = $1 AND job_id = $2), 0), $3) RETURNING idx`,
        [jobId, end.line.text],
      );
      const count = Number(row?.idx) + 1;
      const keep = end.line.keep ?? 0;
      if (keep > 0 && count > keep) {
        await this.#rows('DELETE FROM job_log WHERE queue = $1 AND job_id = $2 AND idx < $3', [jobId, count - keep]);
      }
    }
    if (end.data !== undefined)
      await this.#rows('UPDATE job SET data = $3 WHERE queue = $1 AND id = $2', [jobId, end.data]);
    if (end.what === 'snoozed' && end.progress !== undefined) {
      await this.#rows('SELECT update_progress($1, $2, $3)', [jobId, end.progress]);
    }
  }

  async #end(ended: End | undefined, now: number): Promise<Kind> {
    if (ended === undefined) return 'missing';
    await this.#client.query('SAVEPOINT one').catch(() => undefined);
    try {
      return await this.#write(ended, now);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'BM001' && 'detail' in error)) throw error;
      return KINDS[String(error.detail)] ?? 'refused';
    }
  }

  async #write({ jobId, token, end }: End, now: number): Promise<Kind> {
    switch (end.what) {
      case 'succeeded':
        await this.#rows('SELECT move_to_completed($1, $2, $3, $4, $5, $6, $7, $8)', [
          jobId,
          token,
          end.result,
          now,
          ...keepOf(end.keep),
        ]);
        return 'settled';
      case 'retry': {
        const delay = Math.max(0, end.at - now);
        const failure = failureOf(end);
        if (delay > 0) {
          await this.#rows('SELECT move_to_delayed($1, $2, $3, $4, $5, false, $6, $7)', [
            jobId,
            token,
            now + delay,
            delay,
            ...failure,
          ]);
        } else await this.#rows('SELECT retry_job($1, $2, $3, $4, $5, $6)', [jobId, token, end.lifo, ...failure]);
        return 'settled';
      }
      case 'snoozed': {
        const delay = Math.max(0, end.until - now);
        await this.#rows('SELECT move_to_delayed($1, $2, $3, $4, $5, true, NULL, NULL)', [
          jobId,
          token,
          now + delay,
          delay,
        ]);
        return 'settled';
      }
      case 'handed-back':
        return this.#handBack(jobId, token);
      default:
        await this.#rows('SELECT move_to_failed($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
          jobId,
          token,
          ...failureOf(end),
          now,
          ...keepOf(end.keep),
        ]);
        return 'settled';
    }
  }

  /** BullMQ's own answers a wrong token with silence, and puts a job without a priority at the tail: deliberate differences. */
  async #handBack(jobId: string, token: string): Promise<Kind> {
    const [job] = await this.#rows<{ state: string; lock_token: string | null }>(
      'SELECT state, lock_token FROM job WHERE queue = $1 AND id = $2',
      [jobId],
    );
    if (job === undefined) return 'missing';
    if (job.state !== 'active') return 'lock-lost';
    if (job.lock_token !== token) return 'taken-over';
    await this.#rows('SELECT move_active_to_wait($1, $2, $3, 0)', [jobId, token]);
    await this.#rows("UPDATE job SET seq = -nextval('job_seq') WHERE queue = $1 AND id = $2", [jobId]);
    return 'settled';
  }

  async #count(ends: readonly End[], settled: readonly Kind[], now: number): Promise<void> {
    if (this.#settings.metricsKept === 0) return;
    for (const [index, { end }] of ends.entries()) {
      const kind = end.what === 'succeeded' ? 'completed' : 'attempts' in end ? 'failed' : undefined;
      if (kind === undefined || settled[index] !== 'settled') continue;
      await this.#rows('SELECT collect_metrics($1, $2, $3, $4)', [kind, this.#settings.metricsKept, now]);
    }
  }

  async #take(
    { tokens, worker, maxBytes }: NonNullable<Turn['take']>,
    now: number,
  ): Promise<{ jobs: unknown[]; rest: Rest | object }> {
    const jobs: unknown[] = [];
    const limiter = this.#settings.limited ? [RATE.max, RATE.perMs] : [null, null];
    let bytes = 0;
    for (const token of tokens) {
      const take = () =>
        this.#rows<StoredJob>(
          'SELECT *, pg_column_size(data) AS size FROM move_to_active($1, $2, $3, $4, $5, $6, $7)',
          [token, LOCK_MS, now, worker, ...limiter],
        );
      // Ours looks at the bytes after it has found a job: where there is none, it says so.
      const [job] = bytes >= maxBytes ? await this.#wouldBe(take) : await take();
      if (job !== undefined && bytes >= maxBytes) return { jobs, rest: { kind: 'more' } };
      bytes += job?.size ?? 0;
      if (job === undefined) return { jobs, rest: await this.#rest(limiter[0] ?? null, now) };
      jobs.push({
        id: job.id,
        token: job.lock_token,
        name: job.name,
        data: job.data,
        opts: job.opts,
        attemptsMade: job.attempts_made,
        attemptsStarted: job.attempts_started,
        stacktrace: job.stacktrace ?? [],
        deferredFailure: job.deferred_failure ?? undefined,
      });
    }
    return { jobs, rest: { kind: 'more' } };
  }

  /** What it would answer: as if it had not been asked. */
  async #wouldBe<Row>(ask: () => Promise<Row[]>): Promise<Row[]> {
    const [sequence] = await this.#rows<{ last: string | null }>(
      "SELECT $1::text, pg_sequence_last_value('event_seq') AS last",
      [],
    );
    await this.#client.query('BEGIN');
    const rows = await ask();
    await this.#client.query('ROLLBACK');
    if (sequence?.last !== null) await this.#rows("SELECT $1::text, setval('event_seq', $2)", [sequence?.last]);
    return rows;
  }

  async #rest(max: number | null, now: number): Promise<Rest | object> {
    const [signal] = await this.#rows<{ rate_limit_ttl: string; next_delay: string | null }>(
      'SELECT rate_limit_ttl, next_delay FROM next_signal($1, $2, $3)',
      [max, now],
    );
    if (Number(signal?.rate_limit_ttl) > 0) return { kind: 'limited' };
    const [held] = await this.#rows<{ held: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM meta WHERE queue = $1 AND field = 'paused' AND value = '1')
           OR COALESCE((SELECT count(*) FROM job WHERE queue = $1 AND state = 'active')
                >= (SELECT value::integer FROM meta WHERE queue = $1 AND field = 'concurrency'), false) AS held`,
      [],
    );
    if (held?.held === true) return { kind: 'blocked' };
    const next = signal?.next_delay ?? null;
    return { kind: 'none', delayedUntil: next === null ? undefined : Number(next) };
  }

  async #rows<Row>(sql: string, params: readonly unknown[]): Promise<Row[]> {
    return (await this.#client.query(sql, [QUEUE, ...params])).rows as Row[];
  }
}

/** Whether all go, the age and the count: only the job itself goes where nothing is kept, a deliberate difference. */
function keepOf({
  age,
  count,
}: {
  readonly age?: number | undefined;
  readonly count?: number | undefined;
}): readonly unknown[] {
  return count === 0 ? [true, null, null] : [false, age ?? null, count ?? null];
}

function failureOf({ failure }: Extract<EndKind, { failure: unknown }>): readonly [string, string] {
  return [failure.message, JSON.stringify(failure.stacktrace)];
}
