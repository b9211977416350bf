/** ` Did you mean "x"?` where one of the known words is near enough to be meant, else nothing: to be put behind a sentence. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const most = Math.min(3, Math.ceil(word.length / 3));
  let nearest: string | undefined;
  let least = most + 1;
  for (const each of known) {
    const distance = distanceOf(word.toLowerCase().slice(0, 40), each.toLowerCase());
    if (distance < least) [nearest, least] = [each, distance];
  }
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

/** How many letters have to be put in, left out, changed, or swapped with their neighbour. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, swapped));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
