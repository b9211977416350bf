import { concurrencyOf, ratePolicy, type LimitPolicy, type RateDefinition } from '../../contracts/index.ts';
import { answeredLate, kindOfThrown } from '../../errors/index.ts';
import { tierOf, WEIGHTS, type Tier } from '../../engine/index.ts';

/** Refuses what a function has given, or thrown (`options.cause`); answers nothing where the caller goes on without it. */
export type Refuse = (part: string, found: string, expected?: string, options?: ErrorOptions) => string | undefined;

/** What the functions of a limit say about one group. */
export interface GroupNumbers {
  /** Of the limit whose groups take turns. */
  readonly weight?: number;
  readonly tier?: Tier;
}

/** Of one that cannot tell them, where the caller goes on: as if it had no function. */
export function numbersOf({ name, fair, tier }: LimitPolicy, said: string, refuse: Refuse): GroupNumbers {
  const weight =
    fair &&
    (fair.weight === undefined
      ? 1
      : (asked(weightIn, fair.weight, said, WEIGHT, refuse, `the weight of limit "${name}"`) ?? 1));
  const concurrency =
    tier?.concurrency && asked(atOnceIn, tier.concurrency, said, AT_ONCE, refuse, `the concurrency of limit "${name}"`);
  const rate = tier?.rate && asked(rateIn, tier.rate, said, RATE, refuse, `the rate of limit "${name}"`);
  const hasTier = concurrency !== undefined || rate !== undefined;
  return { ...(weight !== undefined && { weight }), ...(hasTier && { tier: tierOf({ concurrency, rate }) }) };
}

const WEIGHT = `a number from ${WEIGHTS.least} to ${WEIGHTS.most}`;
const AT_ONCE = 'an integer >= 1';
const RATE = 'a rate such as { max: 100, per: "1s" } with a max >= 1';

/** What a function gives may be anything, whatever its type says. */
function asked<Given, Value>(
  read: (found: Given) => Value | undefined,
  say: (group: string) => Given,
  said: string,
  expected: string,
  refuse: Refuse,
  part: string,
): Value | undefined {
  let found: Given;
  try {
    found = say(said);
  } catch (error) {
    refuse(part, thrownBy(error), expected, { cause: error });
    return undefined;
  }
  const isLate = answeredLate(found);
  const value = isLate ? undefined : read(found);
  if (value === undefined) refuse(part, `gives ${isLate ? 'a promise' : shown(found)}`, expected);
  return value;
}

function weightIn(found: unknown): number | undefined {
  return typeof found === 'number' && found >= WEIGHTS.least && found <= WEIGHTS.most ? found : undefined;
}

function atOnceIn(found: unknown): number | undefined {
  return concurrencyOf('', found, () => undefined);
}

function rateIn(found: RateDefinition): ReturnType<typeof ratePolicy> {
  try {
    return ratePolicy('rate', found, () => undefined);
  } catch {
    // No duration.
    return undefined;
  }
}

function shown(found: unknown): string {
  return typeof found === 'number' ? String(found) : kindOf(found);
}

export function thrownBy(error: unknown): string {
  return `throws ${kindOfThrown(error)}`;
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
