/** The line of a job's history that says who put it back. `of`: another job, which this one was made of with other data. */
export function replayedLine(at: number, by: string, of?: string): string {
  return JSON.stringify({ what: 'replayed', at, by, of });
}
