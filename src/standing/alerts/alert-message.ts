import type { Condition } from '../conditions/condition.ts';

/** What a message says of its condition: that it began, that there is ten times as much of it, that it is over. `test`: that messages arrive. */
export type AlertEvent = 'started' | 'grew' | 'ended' | 'test';

export interface AlertMessage {
  readonly event: AlertEvent;
  readonly kind: Condition['kind'] | 'engine away' | 'dead letters' | 'test';
  /** Which of its kind: a queue, `QUEUE/DESTINATION`, a host, a schedule, the fingerprint of a cause. */
  readonly about: string;
  /** What is wrong, since when, and what will happen by itself, as the overview says it; in the last message as it stood before it ended. */
  readonly text: string;
  readonly needsYou: boolean;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly endedAt?: number;
  /** Where to act, below the dashboard's address. */
  readonly path: string;
}

/** Who is told twice, since whoever told died before it could note that, sees it by this: the same message has the same id. */
export function messageId({ event, kind, about, since, size, endedAt }: AlertMessage): string {
  const what = event === 'grew' ? `grew-${size}` : event === 'ended' ? `ended-${endedAt ?? 0}` : event;
  const text = `alert_${kind}_${about}_${since}_${what}`;
  // Each by its number: what begins in the same look, such as `mail/a` and `mail-a`, must not pass for one message.
  return text.replaceAll(/[^\w-]/gu, character => `.${character.codePointAt(0)?.toString(16)}.`);
}
