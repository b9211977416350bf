/** How figures read: with a unit, short enough to stand in a column. */

const SLOW_MS = 60_000;
const STUCK_MS = 10 * 60_000;

/** What nobody could read, or has counted yet. */
export const UNKNOWN = '?';
/** There was none of it. */
export const NONE = '–';

export function number(count: number): string {
  return count.toLocaleString('en-US');
}

/** `2.4/s`, `240/s` */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.005) return '<0.01/s';
  if (perSecond < 10) return `${perSecond.toFixed(perSecond < 1 ? 2 : 1)}/s`;
  return perSecond < 100_000 ? `${number(Math.round(perSecond))}/s` : `${number(Math.round(perSecond / 1_000))}k/s`;
}

/** Of a part between 0 and 1. */
export function percent(part: number): string {
  const hundredths = part * 100;
  if (hundredths > 0 && hundredths < 0.1) return '<0.1 %';
  return `${hundredths === 0 || hundredths >= 10 ? Math.round(hundredths) : hundredths.toFixed(1)} %`;
}

/** Of what has been due for so long. */
export function ageClass(ms: number): string {
  if (ms >= STUCK_MS) return 'bad';
  return ms >= SLOW_MS ? 'warn' : '';
}

/** Of a share that failed. */
export function failingClass(part: number | undefined): string {
  if (part === undefined || part === 0) return 'zero';
  if (part >= 0.5) return 'bad';
  return part >= 0.05 ? 'warn' : '';
}
