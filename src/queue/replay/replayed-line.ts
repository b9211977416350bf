/** The line of a job's history that says who put it back. `of`: another job, which this one was made of with other data. */
export function replayedLine(at: number, by: string, of?: string): string {
  return JSON.stringify({ what: 'replayed', at, by, of });
}

/** Whether that line says so of a job that was made of this one. */
export function isReplayedLine(line: string, of: string): boolean {
  try {
    const read: { readonly what?: unknown; readonly of?: unknown } = { ...Object(JSON.parse(line)) };
    return read.what === 'replayed' && read.of === of;
  } catch {
    return false;
  }
}
