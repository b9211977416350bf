import type { Condition } from '../conditions/condition.ts';
import type { AlertMessage } from './alert-message.ts';
import { ALERT_RULES, ENDED_AFTER_MS, GROWN } from './alert-rules.ts';

/** Where it stands in the shared state. */
export const ALERTS = 'alerts';

/** What is known of a condition between two looks, and over restarts. Times are milliseconds since 1970. */
export interface KnownCondition {
  readonly kind: Condition['kind'];
  readonly about: string;
  readonly text: string;
  readonly needsYou: boolean;
  readonly size: number;
  readonly path: string;
  readonly since: number;
  /** Since when it has not been seen. */
  readonly absentSince?: number;
  /** How much of it there was when people were told last; undefined: they were not. */
  readonly toldSize?: number;
}

export interface Judgement {
  readonly key: string;
  /** What is to be known from now on; undefined: it is over. */
  readonly known: KnownCondition | undefined;
  /** What people are to be told first. */
  readonly message: AlertMessage | undefined;
}

export function keyOf({ kind, about }: Pick<Condition, 'kind' | 'about'>): string {
  return `${kind}/${about}`;
}

/** What changes, given what stands now and what was known before. Pure: who calls sends the messages, and then writes what is known. */
export function judgeAlerts(
  conditions: readonly Condition[],
  known: ReadonlyMap<string, KnownCondition>,
  now: number,
): readonly Judgement[] {
  const standing = new Map(conditions.map(condition => [keyOf(condition), condition]));
  const seen = [...standing].map(([key, condition]) => judgeStanding(key, condition, known.get(key), now));
  const absent = [...known].filter(([key]) => !standing.has(key)).map(([key, before]) => judgeAbsent(key, before, now));
  return [...seen, ...absent];
}

function judgeStanding(key: string, condition: Condition, before: KnownCondition | undefined, now: number): Judgement {
  const { kind, about, text, needsYou, size, link } = condition;
  const since = before?.since ?? now;
  const toldSize = before?.toldSize;
  const known = {
    kind,
    about,
    text,
    needsYou,
    size,
    path: link.path,
    since,
    ...(toldSize !== undefined && { toldSize }),
  };
  const rule = ALERT_RULES[kind];
  const isDue = now - since >= rule.forMs && size >= rule.atLeast && (needsYou || rule.evenIfItHeals);
  if (toldSize === undefined) {
    if (!isDue) return { key, known, message: undefined };
    return { key, known: { ...known, toldSize: size }, message: messageOf('started', known) };
  }
  if (size < GROWN * toldSize) return { key, known, message: undefined };
  return { key, known: { ...known, toldSize: size }, message: messageOf('grew', known) };
}

function judgeAbsent(key: string, before: KnownCondition, now: number): Judgement {
  const { absentSince = now } = before;
  if (now - absentSince < ENDED_AFTER_MS) return { key, known: { ...before, absentSince }, message: undefined };
  const message = before.toldSize === undefined ? undefined : { ...messageOf('ended', before), endedAt: absentSince };
  return { key, known: undefined, message };
}

function messageOf(event: AlertMessage['event'], known: KnownCondition): AlertMessage {
  const { kind, about, text, needsYou, size, since, path } = known;
  return { event, kind, about, text, needsYou, size, since, path };
}
