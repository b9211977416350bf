const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const DAY_NAME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY_NAME = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';

/** IMF-fixdate, and the two forms before it that a recipient must still take. */
const FORMS: readonly RegExp[] = [
  new RegExp(`^${DAY_NAME}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY_NAME}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${DAY_NAME} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * Reads an HTTP date in any of its three forms (RFC 9110, 5.6.7). All are GMT, also the one that does not say so: `Date.parse` reads that
 * one in the zone of the host, and takes much that is no date.
 * @returns milliseconds since 1970; undefined for what is no HTTP date
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const groups = FORMS.map(form => form.exec(text)?.groups).find(found => found !== undefined);
  if (groups === undefined) return undefined;
  const year = yearOf(groups['year'] ?? '', now);
  const [day = 0, hour = 0, minute = 0, second = 0] = ['day', 'hour', 'minute', 'second'].map(part =>
    Number(groups[part]),
  );
  const month = MONTHS.findIndex(name => name === groups['month']);
  // A leap second is a valid one.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  // Not by `Date.UTC`, which makes 1999 of the year 99.
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}

/** Two digits stand for a year of the coming 50, or for the last one that ended so. */
function yearOf(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(now).getUTCFullYear();
  const ahead = (Number(digits) - (thisYear % 100) + 100) % 100;
  return thisYear + ahead - (ahead > 50 ? 100 : 0);
}
