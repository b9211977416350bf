const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** Such as `1.5 MB`, for people: of 1,024 each. */
export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const amount = bytes / 1_024 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : Number(amount.toFixed(1))} ${UNITS[power] ?? ''}`;
}
