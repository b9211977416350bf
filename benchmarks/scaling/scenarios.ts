import type { Scenario } from './simulate.ts';

const HOUR = 3_600;
const MINUTE = 60;
const mail = (count: number) => [{ count, serviceSeconds: 0.5 }];
const always = (): boolean => true;

/** An hour each, of mails that take half a second. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'burst',
    says: '10 a second, and 20,000 at once after ten minutes',
    seconds: HOUR,
    arrivals: second => mail(second === 10 * MINUTE ? 20_000 : 10),
    isUp: always,
  },
  {
    name: 'drift',
    says: 'from 10 a second to 150 a second within the hour',
    seconds: HOUR,
    arrivals: second => mail(Math.round(10 + (140 * second) / HOUR)),
    isUp: always,
  },
  {
    name: 'stopped provider',
    says: '40 a second; the provider is away from minute 15 to 35',
    seconds: HOUR,
    arrivals: () => mail(40),
    isUp: second => second < 15 * MINUTE || second >= 35 * MINUTE,
  },
  {
    name: 'poison',
    says: '2 a second, and from minute 15 to 35 another 30 a second that take 5 s and fail, five times each',
    seconds: HOUR,
    arrivals: second =>
      second >= 15 * MINUTE && second < 35 * MINUTE
        ? [...mail(2), { count: 30, serviceSeconds: 5, failures: 5 }]
        : mail(2),
    isUp: always,
  },
];
