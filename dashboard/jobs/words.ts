import type { RunOutcome } from '../../src/journal/index.ts';
import type { JobState, WaitsFor } from '../../src/queue/index.ts';
import { age } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';

/** One word for a state everywhere. */
export const OUTCOME_WORDS: Readonly<Record<RunOutcome, string>> = {
  succeeded: 'succeeded',
  divided: 'divided',
  retried: 'failed, tried again',
  cancelled: 'cancelled',
  expired: 'expired',
  dead: 'dead',
};

const CLASSES: Readonly<Record<string, string>> = {
  succeeded: 'good',
  dead: 'bad',
  'failed, tried again': 'warn',
  running: 'good',
};

export function stateBadge(state: JobState | string): Html {
  return html`<span class="badge ${CLASSES[state] ?? ''}">${state}</span>`;
}

export function instant(ms: number | undefined): string {
  return ms === undefined ? '–' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `212 ms`, `1.4 s`, `3 min 20 s`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : age(ms);
}

/** By its id, unless there is another word for it. */
export function jobLink(base: string, id: string, word = id): Html {
  return html`<a href="${base}/jobs/${encodeURIComponent(id)}">${word}</a>`;
}

/** Why it is not running. */
export function waitText(wait: WaitsFor, now: number): string {
  switch (wait.for) {
    case 'time':
      return wait.until > now ? `for ${age(wait.until - now)}, until ${instant(wait.until)}` : 'its time has come';
    case 'release':
      return `for a release that knows its ${wait.unknown}, since ${instant(wait.since)}`;
    case 'pause':
      return `${wait.kind === 'breaker' ? 'for a sick destination' : 'for a pause'}${pausedBy(wait, now)}`;
    case 'limit':
      return 'for a limit';
    case 'children':
      return 'for its children';
  }
}

function pausedBy({ kind, by, reason, until }: Extract<WaitsFor, { for: 'pause' }>, now: number): string {
  const who = by === undefined ? '' : ` by ${by}`;
  const why = reason === undefined ? '' : `: ${reason}`;
  // A circuit whose pause is over lets one job after the other find out, until it is closed.
  const isTried = kind === 'breaker' && until !== undefined && until <= now;
  const end = isTried ? ', which one job at a time tries now' : until === undefined ? '' : `, until ${instant(until)}`;
  return `${who}${why}${end}`;
}
