/**
 * A stretch of time in which a zone's clocks are at one distance from UTC, or the later part of one: `from` is where it was looked for. Milliseconds;
 * `until` is the first moment after it.
 */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  /** What a clock on the wall shows, minus UTC. */
  readonly offset: number;
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;

/** How far ahead the next change is searched for: no zone has had two changes within a day. */
const STEP_MS = 12 * 3_600_000;
/** A stretch ends here at the latest, so that a zone without changes is not looked through for ever. */
const LONGEST_MS = 400 * 86_400_000;
const KEPT = 8;

/** As far back as was looked. */
interface Known extends Stretch {
  from: number;
}

/** The clocks on the walls of one time zone, as the runtime's own time-zone data has them. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  /** The last to be found first: slots are asked for one after another. */
  readonly #known: Known[] = [];

  /** @throws RangeError when there is no such zone */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Of a whole second. */
  offsetAt(at: number): number {
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const [year = 0, month = 0, ...rest] = FIELDS.map(field => parts.get(field) ?? 0);
    return Date.UTC(year, month - 1, ...rest) - at;
  }

  stretchAt(at: number): Stretch {
    const known = this.#known.find(({ from, until }) => at >= from && at < until);
    if (known !== undefined) return known;
    const offset = this.offsetAt(at);
    // The search for slots goes backwards as well: just before a stretch that is known, and as far from UTC as that, it has begun already.
    const later = this.#known.find(each => each.from > at && each.from - at <= STEP_MS && each.offset === offset);
    if (later !== undefined) {
      later.from = at;
      return later;
    }
    let until = at;
    do until += STEP_MS;
    while (until - at < LONGEST_MS && this.offsetAt(until) === offset);
    if (this.offsetAt(until) !== offset) until = this.#changeBetween(until - STEP_MS, until, offset);
    const found = { from: at, until, offset };
    this.#known.unshift(found);
    if (this.#known.length > KEPT) this.#known.pop();
    return found;
  }

  #changeBetween(before: number, after: number, offset: number): number {
    let [low, high] = [Math.floor(before / 1_000), Math.ceil(after / 1_000)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle * 1_000) === offset) low = middle;
      else high = middle;
    }
    return high * 1_000;
  }
}
