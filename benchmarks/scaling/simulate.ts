/** A queue and its workers, second by second. */
export interface Scenario {
  readonly name: string;
  readonly says: string;
  readonly seconds: number;
  /** Jobs that come in that second, and how long an attempt of each takes. */
  readonly arrivals: (second: number) => readonly Arrival[];
  /** Whether the far side answers in that second; while it does not, its jobs are held and none is started. */
  readonly isUp: (second: number) => boolean;
}

export interface Arrival {
  readonly count: number;
  readonly serviceSeconds: number;
  /** Every attempt fails, and is tried again after `retrySeconds`, so many times. */
  readonly failures?: number;
}

/** What a way of scaling is shown, each quarter of a minute. */
export interface Seen {
  readonly second: number;
  readonly processes: number;
  /** Of the last three minutes, as the journal counts them. */
  readonly attempts: number;
  readonly failed: number;
  readonly ranMs: number;
  readonly startable: number;
  readonly startableBefore: number;
  readonly held: number;
  /** How busy the processors of the processes were in the last minute: 0 to 1. */
  readonly cpu: number;
}

export type Strategy = (seen: Seen) => number;

export interface Outcome {
  /** Seconds from due to started, of jobs that were not poison; the time in which they were held is not counted. */
  readonly p95: number;
  readonly most: number;
  readonly processHours: number;
}

export const CONCURRENCY = 10;
export const WINDOW_SECONDS = 180;
const DECIDE_EVERY = 15;
/** From the decision to a process that takes jobs. */
const START_SECONDS = 30;
/** It is scaled down to the most that was wanted within so long. */
const CALM_SECONDS = 300;
const MOST_PROCESSES = 40;
const RETRY_SECONDS = 20;
/** Of a processor, for an attempt. */
const CPU_SECONDS = 0.02;

interface Waiting {
  due: number;
  readonly serviceSeconds: number;
  failuresLeft: number;
  readonly isPoison: boolean;
}

/** Deterministic: the same scenario and strategy give the same outcome. */
export function simulate(scenario: Scenario, strategy: Strategy): Outcome {
  const queue: Waiting[] = [];
  let head = 0;
  const later = new Map<number, Waiting[]>();
  const freeAt: number[] = [];
  const starting: number[] = [];
  const wants: { readonly second: number; readonly processes: number }[] = [];
  const history: { attempts: number; failed: number; ranMs: number; startable: number; cpu: number }[] = [];
  const waits: number[] = [];
  let processes = 1;
  let processSeconds = 0;
  for (let second = 0; second < scenario.seconds; second += 1) {
    const up = scenario.isUp(second);
    while (starting.length > 0 && (starting[0] ?? Infinity) <= second) {
      starting.shift();
      processes += 1;
    }
    for (const { count, serviceSeconds, failures = 0 } of scenario.arrivals(second)) {
      for (let index = 0; index < count; index += 1) {
        queue.push({ due: second + index / count, serviceSeconds, failuresLeft: failures, isPoison: failures > 0 });
      }
    }
    for (const job of later.get(second) ?? []) queue.push({ ...job, due: second });
    later.delete(second);
    const counts = { attempts: 0, failed: 0, ranMs: 0, startable: 0, cpu: 0 };
    const slots = processes * CONCURRENCY;
    while (freeAt.length < slots) freeAt.push(second);
    freeAt.length = slots;
    if (!up) {
      // Held: nobody may start them, and no time in queue is counted against the workers.
      for (let index = head; index < queue.length; index += 1) (queue[index] as Waiting).due = second + 1;
    } else {
      for (let slot = 0; slot < slots; slot += 1) {
        let at = Math.max(freeAt[slot] ?? second, second);
        while (at < second + 1 && head < queue.length && (queue[head]?.due ?? Infinity) <= at + 1) {
          const job = queue[head] as Waiting;
          head += 1;
          const startAt = Math.max(at, job.due);
          at = startAt + job.serviceSeconds;
          counts.attempts += 1;
          counts.ranMs += job.serviceSeconds * 1_000;
          counts.cpu += CPU_SECONDS;
          if (!job.isPoison) waits.push(startAt - job.due);
          if (job.failuresLeft > 0) {
            counts.failed += 1;
            const retryAt = Math.ceil(at) + RETRY_SECONDS;
            const again = later.get(retryAt) ?? [];
            if (job.failuresLeft > 1) again.push({ ...job, failuresLeft: job.failuresLeft - 1 });
            later.set(retryAt, again);
          }
        }
        freeAt[slot] = at;
      }
    }
    if (head > 10_000) {
      queue.splice(0, head);
      head = 0;
    }
    const waiting = queue.length - head;
    counts.startable = up ? waiting : 0;
    history.push(counts);
    processSeconds += processes + starting.length;
    if (second % DECIDE_EVERY !== 0) continue;
    const window = history.slice(-WINDOW_SECONDS);
    const sum = (of: 'attempts' | 'failed' | 'ranMs'): number => window.reduce((total, each) => total + each[of], 0);
    const minute = history.slice(-60);
    const wanted = strategy({
      second,
      processes: processes + starting.length,
      attempts: sum('attempts'),
      failed: sum('failed'),
      ranMs: sum('ranMs'),
      startable: counts.startable,
      startableBefore: window[0]?.startable ?? 0,
      held: up ? 0 : waiting,
      cpu: Math.min(1, minute.reduce((total, { cpu }) => total + cpu, 0) / minute.length / processes),
    });
    wants.push({ second, processes: Math.min(MOST_PROCESSES, Math.max(1, wanted)) });
    const calm = wants.filter(want => second - want.second <= CALM_SECONDS).map(want => want.processes);
    const total = processes + starting.length;
    const target = Math.max(wants.at(-1)?.processes ?? 1, Math.min(total, Math.max(...calm)));
    for (let more = total; more < target; more += 1) starting.push(second + START_SECONDS);
    while (processes + starting.length > target && starting.length > 0) starting.pop();
    processes = Math.max(1, Math.min(processes, target));
  }
  const sorted = Float64Array.from(waits).toSorted();
  return {
    p95: sorted[Math.floor(sorted.length * 0.95)] ?? 0,
    most: sorted.at(-1) ?? 0,
    processHours: processSeconds / 3_600,
  };
}
