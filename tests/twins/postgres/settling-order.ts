import type { End } from '../../../src/engine/turns/index.ts';

const KINDS = ['completed', 'failed', 'delayed', 'waiting', 'back'] as const;

/** The order in which a turn settles its plain ends: see src/engine/postgres/turns/settle-sql.ts. */
export function inSettlingOrder(ends: readonly End[], plain: readonly number[], now: number): readonly number[] {
  const groups = new Map<string, number[]>();
  for (const index of plain) {
    const end = ends[index];
    if (end === undefined) continue;
    const key = groupOf(end, now);
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return KINDS.flatMap(kind =>
    [...groups]
      .filter(([key]) => key.split(' ')[0] === kind)
      .flatMap(([, indexes]) => (kind === 'back' ? indexes.toReversed() : indexes)),
  );
}

function groupOf({ end }: End, now: number): string {
  switch (end.what) {
    case 'succeeded':
      return `completed ${ruleOf(end.keep)}`;
    case 'retry':
      return end.at > now ? 'delayed' : 'waiting';
    case 'snoozed':
      return 'delayed';
    case 'handed-back':
      return 'back';
    default:
      return `failed ${ruleOf(end.keep)}`;
  }
}

function ruleOf({ age, count }: { readonly age?: number | undefined; readonly count?: number | undefined }): string {
  return count === 0 ? 'none' : `${age} ${count}`;
}
