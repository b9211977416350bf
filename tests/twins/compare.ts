import { isDeepStrictEqual } from 'node:util';
import type { Dump } from './dump.ts';

/** The first thing that differs, for people; undefined where nothing does. */
export function difference(stock: Dump, ours: Dump): string | undefined {
  for (const key of new Set([...stock.keys(), ...ours.keys()])) {
    const [one, other] = [stock.get(key), ours.get(key)];
    if (!isDeepStrictEqual(one, other)) return `${key}\n  stock: ${shown(one)}\n  ours:  ${shown(other)}`;
  }
  return undefined;
}

export function answersDiffer(stock: unknown, ours: unknown): string | undefined {
  return isDeepStrictEqual(plain(stock), plain(ours))
    ? undefined
    : `the answer\n  stock: ${shown(plain(stock))}\n  ours:  ${shown(plain(ours))}`;
}

/** Without fields that are undefined. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(-1_500);
}
