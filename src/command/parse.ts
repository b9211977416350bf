import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { didYouMean } from '../errors/index.ts';
import { UsageError } from './usage-error.ts';

/** Options that commands take unless they say otherwise. */
const COMMON = { app: { type: 'string' }, json: { type: 'boolean' } } as const satisfies ParseArgsOptionsConfig;

export interface ParsedArguments {
  /** The names of the options that were given, without dashes. */
  readonly given: readonly string[];
  readonly positionals: readonly string[];
  readonly app: string | undefined;
  readonly json: boolean;
  text(option: string): string | undefined;
  /** Of an option that may be given several times. */
  texts(option: string): readonly string[];
  flag(option: string): boolean;
}

/** @throws UsageError for an option that is not known or lacks its value, or for too many or too few words */
export function parseCommand(
  args: readonly string[],
  options: ParseArgsOptionsConfig,
  words: { readonly min: number; readonly max: number },
  without: readonly (keyof typeof COMMON)[] = [],
): ParsedArguments {
  const common = Object.fromEntries(Object.entries(COMMON).filter(([name]) => !without.some(left => left === name)));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options: { ...common, ...options }, allowPositionals: true });
  } catch (cause) {
    // Node's advice on "--" is about words that begin with a dash; one sentence is enough.
    const message = cause instanceof Error ? cause.message.split('. ', 1)[0] : String(cause);
    const unknown = /^Unknown option '--?([\w-]+)'/.exec(message ?? '')?.[1];
    const meant = unknown === undefined ? '' : didYouMean(unknown, Object.keys({ ...common, ...options }));
    throw new UsageError(`${message}.${meant.replace('"', '"--')}`, { cause });
  }
  const { values, positionals } = parsed;
  if (positionals.length < words.min || positionals.length > words.max) {
    // The words themselves are not repeated: one of them may be a password in the wrong place.
    const expected = words.min === words.max ? `${words.min}` : `${words.min} to ${words.max}`;
    throw new UsageError(`Expected ${expected} words after the command, got ${positionals.length}.`);
  }
  const text = (option: string): string | undefined => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    given: Object.keys(values),
    positionals,
    app: text('app'),
    json: values['json'] === true,
    text,
    texts: option => {
      const value = values[option];
      return Array.isArray(value) ? value.filter(one => typeof one === 'string') : [];
    },
    flag: option => values[option] === true,
  };
}

/**
 * For a command whose actions take options of their own: one that `what` would ignore is refused.
 * @throws UsageError
 */
export function allowOnly({ given }: ParsedArguments, what: string, allowed: readonly string[]): void {
  const strange = given.find(option => !(option in COMMON) && !allowed.includes(option));
  if (strange !== undefined) throw new UsageError(`Expected no --${strange} with "${what}": it would be ignored.`);
}
