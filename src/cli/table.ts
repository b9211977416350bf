/** Aligned columns for people. Control characters, which a terminal would obey, are shown as `?`. */
export function table(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const columns = Object.keys(first);
  const cells = [columns, ...rows.map(row => columns.map(column => visible(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map(line => line[index]?.length ?? 0)));
  return cells.map(line =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function visible(value: unknown): string {
  if (value === undefined || value === null) return '-';
  return String(value).replace(/\p{Cc}/gu, '?');
}

export function when(ms: number | undefined): string {
  return ms === undefined ? '-' : new Date(ms).toISOString();
}
