import { visible, when } from '../../command/index.ts';
import type { Pause } from '../../queue/index.ts';

/** `contract letter of email, by ann since 2026-01-01 10:00:00: the template is wrong`, on one line. */
export function pauseText({ of, kind, by, since, until, reason }: Pause): string {
  const part =
    of.contract !== undefined
      ? `contract ${of.contract} of ${of.queue}`
      : of.group !== undefined
        ? `group ${of.group} of ${of.queue}`
        : `queue ${of.queue}`;
  const who = kind === 'breaker' ? ', by a breaker' : by === undefined ? '' : `, by ${by}`;
  const from = since === undefined ? '' : ` since ${when(since)}`;
  const to = until === undefined ? '' : ` until ${when(until)}`;
  return visible(`${part}${who}${from}${to}${reason === undefined ? '' : `: ${reason}`}`);
}

/** A line each, for a page of figures. */
export function pauseLines(pauses: readonly Pause[]): readonly string[] {
  return pauses.map(pause => `paused: ${pauseText(pause)}`);
}
