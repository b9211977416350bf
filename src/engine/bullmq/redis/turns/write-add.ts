import { fairGroupOf, storedKeyOf, type AddAnswer, type NewJob } from '../../../turns/index.ts';
import { writeOptions } from './options.ts';
import type { ScriptArgument } from './script.ts';
import { firstWord } from './stock-scripts.ts';

/** The arguments of the script that adds: see scripts/add-script.ts. `rememberedMs`: undefined for as long as is said already. */
export function addArguments(
  prefix: string,
  trip: number,
  jobs: readonly NewJob[],
  rememberedMs: number | undefined,
): ScriptArgument[] {
  const args: ScriptArgument[] = [prefix, trip, jobs.length];
  for (const job of jobs) {
    const { id, name, data, opts, metadata, timestamp } = job;
    args.push(id, name, data, writeOptions(opts, metadata), timestamp, opts.priority ?? 0, extraOf(job));
  }
  if (rememberedMs !== undefined) args.push(rememberedMs);
  return args;
}

/** One that the script for many knows. */
export function isPlain({ opts }: NewJob): boolean {
  const { deduplication, parent, repeatJobKey } = opts;
  if (parent !== undefined || repeatJobKey !== undefined) return false;
  if (deduplication === undefined) return true;
  const { replace, extend, keepLastIfActive, reschedule }: Readonly<Record<string, unknown>> = { ...deduplication };
  return !(replace || extend || keepLastIfActive || reschedule);
}

/** What few jobs have, as JSON; nothing for all others. */
function extraOf({ opts, before, instead }: NewJob): string {
  const { delay = 0, lifo = false, deduplication, tg, fair } = opts;
  if (delay <= 0 && !lifo && deduplication === undefined && tg === undefined && fair === undefined) return '';
  const { id: deid, ttl } = deduplication ?? {};
  const { keep, data, maxWait } = storedKeyOf(opts) ?? {};
  return JSON.stringify({
    ...(delay > 0 && { delay: String(delay) }),
    ...(lifo && { lifo }),
    tg,
    ...(fair !== undefined && {
      line: fairGroupOf(opts),
      weight: fair.weight,
      expires: fair.expiresMs,
      tier: opts.tiers?.[fair.limit]?.join(),
    }),
    deid,
    ...(ttl !== undefined && ttl > 0 && { ttl }),
    ...(keep !== undefined && { key: { keep, data, maxWait, before, instead } }),
  });
}

export function addAnswer(answer: unknown): AddAnswer {
  if (typeof answer === 'string') return { kind: 'stands', id: answer };
  const [word, id]: readonly unknown[] = Array.isArray(answer) ? answer : [];
  if (id !== undefined) return { kind: word === 'u' ? 'updated' : 'conflict', id: String(id) };
  return { kind: 'refused', reason: `the server answered ${firstWord(String(word))}` };
}
