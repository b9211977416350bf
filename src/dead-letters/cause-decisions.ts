import type { StateStore } from '../state/index.ts';
import type { DeadLetterGroup } from './dead-letter.ts';

/** What a person has said of a cause of dead letters. */
export interface CauseDecision {
  /**
   * `known`: somebody is at it. `resolved`: it is over; a death after that opens it again. `ignored`: it may be, until it has grown tenfold.
   */
  readonly says: CauseWord;
  readonly by: string;
  /** The engine's time, milliseconds since 1970. */
  readonly at: number;
  /** How many there were then. */
  readonly count: number;
}

export const CAUSE_WORDS = ['known', 'resolved', 'ignored'] as const;
export type CauseWord = (typeof CAUSE_WORDS)[number];

/** How a cause stands: `new` until somebody has said something of it, and again when that holds no more. */
export interface CauseStanding {
  readonly state: 'new' | CauseWord;
  /** Why a decision holds no more. */
  readonly again: 'died again' | 'has grown' | undefined;
  readonly decision: CauseDecision | undefined;
}

const DECISIONS = 'cause-decisions';
const KEPT_MS = 400 * 86_400_000;
const GROWN = 10;

export function standingOf(
  group: Pick<DeadLetterGroup, 'count' | 'lastEndedAt'>,
  decision: CauseDecision | undefined,
): CauseStanding {
  if (decision === undefined) return { state: 'new', again: undefined, decision };
  const { says, at, count } = decision;
  if (says === 'resolved' && (group.lastEndedAt ?? 0) > at) return { state: 'new', again: 'died again', decision };
  if (says === 'ignored' && group.count >= GROWN * Math.max(1, count))
    return { state: 'new', again: 'has grown', decision };
  return { state: says, again: undefined, decision };
}

/** All decisions, by the fingerprints of their causes: one command. */
export async function readDecisions(store: StateStore): Promise<ReadonlyMap<string, CauseDecision>> {
  const found = await store.list(DECISIONS);
  return new Map(
    found.flatMap(({ name, value }) => {
      const decision = decisionIn(value);
      return decision === undefined ? [] : [[name, decision] as const];
    }),
  );
}

/** Undefined takes back what was said. */
export async function decide(
  store: StateStore,
  fingerprint: string,
  decision: CauseDecision | undefined,
): Promise<void> {
  if (decision === undefined) await store.delete(DECISIONS, fingerprint);
  else await store.set(DECISIONS, fingerprint, decision, KEPT_MS);
}

/** What perhaps another release has written. */
function decisionIn(value: unknown): CauseDecision | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { says, by, at, count }: Partial<Record<keyof CauseDecision, unknown>> = value;
  const word = CAUSE_WORDS.find(each => each === says);
  if (word === undefined || typeof by !== 'string' || typeof at !== 'number') return undefined;
  return { says: word, by, at, count: typeof count === 'number' ? count : 0 };
}
