import type { SourceFile } from './source-files.ts';

/** One way round for each set of files that reach each other: `a.ts -> b.ts -> a.ts`. */
export function circlesIn(files: readonly SourceFile[]): readonly string[] {
  const arrows = new Map(files.map(({ path, imports }) => [path, imports.map(({ target }) => target)]));
  const named = new Set<string>();
  const circles: string[] = [];
  for (const path of [...arrows.keys()].toSorted()) {
    const way = named.has(path) ? undefined : wayBack(arrows, path);
    if (way === undefined) continue;
    for (const each of way) named.add(each);
    circles.push(way.join(' -> '));
  }
  return circles;
}

/** The shortest way from a file to itself. */
function wayBack(arrows: ReadonlyMap<string, readonly string[]>, start: string): readonly string[] | undefined {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of arrows.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [...way, start];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}
