import { randomBytes } from 'node:crypto';
import type { Engine } from '../engine/index.ts';
import { openState, type StateStore } from '../state/index.ts';
import { OUTCOMES, type AuditedAction } from './audited-action.ts';

/** An action as it is kept. */
export interface AuditEntry extends AuditedAction {
  /** Grows with time. */
  readonly id: string;
  /** The engine's time, milliseconds since 1970. */
  readonly at: number;
}

export interface AuditPart {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** Given as `before`, this leads on; undefined at the end. */
  readonly next: string | undefined;
}

/**
 * Each day is a collection of the shared state, and one names the days: a look costs a command for each day that it shows, and one, and reads little more
 * than it shows. Entries are found by when they expire, all of them so long after they were written.
 */
const DAYS = 'audit-days';
const KEPT_MS = 90 * 86_400_000;
/** An entry is written so much later than its id says, at most. */
const WRITTEN_MS = 10_000;
/** Beside those that are shown: of the same seconds as the place from which a look goes on. */
const BESIDE = 100;
const ID = /^\d{13}-\d{5}[\w-]{8}$/;
/** Beyond that an engine that is away would fill the memory of a dashboard. */
const UNWRITTEN_AT_MOST = 1_000;

/** Whether it may lead on: the id of an entry. */
export function isAuditPlace(text: unknown): text is string {
  return typeof text === 'string' && ID.test(text);
}

/** What people did on the dashboard and by the command line, and were refused, for 90 days, in the engine's shared state. Nothing here changes what is written. */
export class AuditLog {
  readonly #engine: Engine;
  readonly #report: (error: unknown) => void;
  readonly #named = new Set<string>();
  readonly #unwritten = new Set<Promise<void>>();
  #count = 0;

  /** `report` is called with what kept an entry from being written: it is then in the writer's own log alone. */
  constructor(engine: Engine, report: (error: unknown) => void) {
    this.#engine = engine;
    this.#report = report;
  }

  /** In the background: nobody waits for it. */
  write(action: AuditedAction): void {
    if (!isKept(action)) return;
    if (this.#unwritten.size >= UNWRITTEN_AT_MOST) {
      this.#report(new Error('The audit cannot be written as fast as people act: an action is in the log alone.'));
      return;
    }
    const writing = this.record(action)
      .catch(this.#report)
      .finally(() => this.#unwritten.delete(writing));
    this.#unwritten.add(writing);
  }

  /** `from`: the id of an entry, behind which it begins. Rejects when the engine does not answer. */
  async read(from: string | undefined, limit: number): Promise<AuditPart> {
    const state = await openState(this.#engine);
    const days = (await state.list(DAYS)).map(({ name }) => name).toReversed();
    const entries: AuditEntry[] = [];
    for (const day of days) {
      if (entries.length > limit) break;
      if (from !== undefined && day > dayOf(Number(from.slice(0, 13)))) continue;
      entries.push(...(await this.#of(state, day, from, limit + 1 - entries.length)));
    }
    const shown = entries.slice(0, limit);
    return { entries: shown, next: entries.length > limit ? shown.at(-1)?.id : undefined };
  }

  /** At least so many of a day where there are so many, the newest first, beginning behind the place. */
  async #of(state: StateStore, day: string, from: string | undefined, wanted: number): Promise<readonly AuditEntry[]> {
    const now = this.#engine.clock.now();
    const withinMs = from === undefined ? undefined : Number(from.slice(0, 13)) + WRITTEN_MS + KEPT_MS - now;
    for (let read = wanted + BESIDE; ; read *= 2) {
      const found = await state.latest(collectionOf(day), read, withinMs);
      const names = found.filter(({ name }) => from === undefined || name < from);
      if (names.length < wanted && found.length === read) continue;
      return names.toSorted((a, b) => (a.name < b.name ? 1 : -1)).flatMap(({ name, value }) => entryIn(name, value));
    }
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await Promise.all(this.#unwritten);
  }

  /** Resolves when it is written; rejects where it could not be. */
  async record(action: AuditedAction): Promise<void> {
    if (!isKept(action)) return;
    const state = await openState(this.#engine);
    const at = this.#engine.clock.now();
    const day = dayOf(at);
    if (!this.#named.has(day)) {
      await state.set(DAYS, day, {}, KEPT_MS + 86_400_000);
      this.#named.add(day);
    }
    // Of one millisecond in the order in which they were answered.
    const count = String((this.#count += 1) % 100_000).padStart(5, '0');
    const id = `${String(Math.floor(at)).padStart(13, '0')}-${count}${randomBytes(6).toString('base64url')}`;
    await state.compareAndSet(collectionOf(day), id, 0, action, KEPT_MS);
  }
}

/** A strange password is no action, and whoever sends many would fill the log; what was only rehearsed changed nothing. */
function isKept({ outcome, user }: AuditedAction): boolean {
  return outcome !== 'dry run' && user !== undefined;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function collectionOf(day: string): string {
  return `audit-${day}`;
}

/** What a dashboard of perhaps another release has written. */
function entryIn(id: string, value: unknown): AuditEntry[] {
  if (typeof value !== 'object' || value === null || !('outcome' in value) || !ID.test(id)) return [];
  const { user, role, method, path, status, outcome, client, detail }: Partial<Record<keyof AuditedAction, unknown>> =
    value;
  return [
    {
      id,
      at: Number(id.slice(0, 13)),
      user: textOr(undefined, user),
      role: textOr(undefined, role),
      method: textOr('?', method),
      path: textOr('?', path),
      status: typeof status === 'number' ? status : undefined,
      outcome: outcomeIn(outcome),
      client: textOr('unknown', client),
      detail: typeof detail === 'object' && detail !== null ? detailIn(detail) : undefined,
    },
  ];
}

function detailIn(value: object): AuditedAction['detail'] {
  const {
    what,
    on,
    matched,
    done,
    skipped,
    reason,
  }: Partial<Record<keyof NonNullable<AuditedAction['detail']>, unknown>> = value;
  const count = (given: unknown): number | undefined => (typeof given === 'number' ? given : undefined);
  return {
    what: textOr('?', what),
    on: textOr(undefined, on),
    matched: count(matched),
    done: count(done),
    skipped: count(skipped),
    reason: textOr(undefined, reason),
  };
}

function outcomeIn(value: unknown): AuditedAction['outcome'] {
  return OUTCOMES.find(outcome => outcome === value) ?? 'failed';
}

function textOr<Other>(other: Other, value: unknown): string | Other {
  return typeof value === 'string' ? value : other;
}
