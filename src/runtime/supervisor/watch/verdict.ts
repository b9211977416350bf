/**
 * What a silent worker's process was doing, judged from outside.
 *
 * `guilty`: what it runs keeps the main thread, by computing or by waiting in a call that does not return.
 * `starved`: it could run and gets no processor.
 * `innocent`: it is stopped, traced, frozen or waits for its memory: nothing that a job does.
 */
export type Verdict = 'guilty' | 'starved' | 'innocent';

export interface Evidence {
  /** For how long the main thread has been looked at since it fell silent, milliseconds. */
  readonly forMs: number;
  /** Of that, on a processor; undefined where the system does not say. */
  readonly ranMs: number | undefined;
  /** Of that, waiting for a processor. */
  readonly waitedMs: number;
  /** The kernel's letter for the main thread, now. */
  readonly state: string;
  /** Whether the thread beside the main thread answers: then the process is neither stopped nor frozen. */
  readonly answers: boolean;
  /** A turn that has had so much time on a processor is a loop, however long it took to get it. */
  readonly loopMs: number;
}

export function judge({ forMs, ranMs, waitedMs, state, answers, loopMs }: Evidence): Verdict {
  if (ranMs === undefined) return answers ? 'guilty' : 'innocent';
  if (ranMs >= forMs / 2 || ranMs >= loopMs) return 'guilty';
  if (ranMs + waitedMs >= forMs / 2) return 'starved';
  // A call that blocks uses no processor: `execSync`, `Atomics.wait`. A stopped process looks otherwise, a frozen one does not answer.
  return state === 'S' && answers ? 'guilty' : 'innocent';
}
