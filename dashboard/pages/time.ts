/** A moment as tables show it, to the second. */
export function time(ms: number | undefined): string {
  return ms === undefined ? '–' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
