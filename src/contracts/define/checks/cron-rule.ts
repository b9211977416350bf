import { didYouMean, kindOf } from '../../../errors/index.ts';

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly words: readonly string[];
  /** What stands in it beside numbers, such as `L`: only whoever knows the calendar reads these. */
  readonly own: RegExp | undefined;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const field = (name: string, from: number, to: number, words: readonly string[] = [], own?: RegExp): Field => ({
  name,
  from,
  to,
  words,
  own,
});
const SECONDS = field('seconds', 0, 59);
const FIVE = [
  field('minutes', 0, 59),
  field('hours', 0, 23),
  field('days of the month', 1, 31, [], /[LW+]/i),
  field('months', 1, 12, MONTHS),
  field('weekdays', 0, 7, DAYS, /^(?:\d|[A-Z]{3})L$|[#+]/i),
];

/**
 * Why that is no cron: undefined where it is one as far as its letters say. The worker's reader, which knows the calendar, has the last word at the
 * start (`scheduleProblems`); this one is here so that what is misspelt fails where it is written, and that contracts load no package.
 */
export function cronProblem(cron: string): string | undefined {
  const parts = cron.trim().split(/\s+/);
  if (parts.length < 5 || parts.length > 6) {
    return `found ${cron.trim() === '' ? 'none' : parts.length === 1 ? 'one' : parts.length}`;
  }
  const fields = parts.length === 6 ? [SECONDS, ...FIVE] : FIVE;
  for (const [index, each] of fields.entries()) {
    const problem = fieldProblem(each, parts[index] ?? '');
    if (problem !== undefined) return problem;
  }
  const [days = '', months = '', weekdays = ''] = parts.slice(-3);
  return isEver(days, months, weekdays) ? undefined : `found days "${days}" of months "${months}", which never come`;
}

/** Why there is no such time zone. */
export function zoneProblem(timeZone: unknown): string | undefined {
  if (typeof timeZone !== 'string') return `found ${kindOf(timeZone)}`;
  try {
    void Intl.DateTimeFormat('en', { timeZone });
    return undefined;
  } catch {
    return `found "${timeZone.slice(0, 60)}"${didYouMean(timeZone, Intl.supportedValuesOf('timeZone')).replace(/\.?$/, '')}`;
  }
}

function fieldProblem(of: Field, text: string): string | undefined {
  for (const item of text.split(',')) {
    if (of.own?.test(item) === true) continue;
    const range = /^(?:[*?]|([^-/]+)(?:-([^-/]+))?)(?:\/(.*))?$/.exec(item);
    const [, first, last, step] = range ?? [];
    const [from, to] = [numberIn(of, first), lastIn(of, last)];
    const wrong = `found ${of.name} "${text.slice(0, 40)}"`;
    if (range === null || (first !== undefined && from === undefined) || (last !== undefined && to === undefined)) {
      return `${wrong}: expected *, numbers from ${of.from} to ${of.to}${of.words.length === 0 ? '' : `, ${of.words[0]} to ${of.words.at(-1)}`}, lists, ranges and steps`;
    }
    if (from !== undefined && to !== undefined && from > to) return `${wrong}: a range runs forward`;
    if (step === undefined) continue;
    if (!/^\d+$/.test(step) || Number(step) < 1) return `${wrong}: a step is a number from 1 on`;
    if (from !== undefined && to === undefined) return `${wrong}: a step is one of * or of a range, as in */${step}`;
  }
  return undefined;
}

function numberIn({ from, to, words }: Field, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const word = words.indexOf(text.toUpperCase());
  if (word !== -1) return word + from;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

/** A week that ends with Sunday ends with its 7. */
function lastIn(of: Field, text: string | undefined): number | undefined {
  return of.words === DAYS && text?.toUpperCase() === 'SUN' ? of.to : numberIn(of, text);
}

/** Days and months that are numbers alone meet in some year; where weekdays count, too, one of these will do. */
function isEver(days: string, months: string, weekdays: string): boolean {
  if (!/^[*?]$/.test(weekdays) || !/^[\d,]+$/.test(days) || !/^[\d,]+$/.test(months)) return true;
  return months
    .split(',')
    .some(month => days.split(',').some(day => Number(day) <= (LONGEST_MONTHS[Number(month) - 1] ?? 0)));
}
