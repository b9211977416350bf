import { InvalidOptionsError } from '../errors/index.ts';

const PATTERN = /^(?:\*|#|[a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?:\.(?:\*|#|[a-z][a-z0-9]*(?:-[a-z0-9]+)*))*$/;

/**
 * Which event types a subscription takes: a type, or words joined by dots where `*` stands for exactly one word and `#` for any
 * number of them, also none. The rules of AMQP topics, on every transport.
 */
export interface Pattern {
  readonly text: string;
  /** True where it names one type. */
  readonly isExact: boolean;
  /** The first word, where it is one: `user` of `user.*`. */
  readonly entity: string | undefined;
  matches(type: string): boolean;
}

/** @throws InvalidOptionsError when it is no pattern */
export function readPattern(text: string): Pattern {
  if (text.length > 200 || !PATTERN.test(text)) {
    throw new InvalidOptionsError(
      'Expected an event type such as "user.registered", or a pattern of words, "*" (one word) and "#" (any number) ' +
        `joined by dots, such as "user.*", got ${JSON.stringify(text.slice(0, 60))}.`,
    );
  }
  const words = text.split('.');
  const [first = ''] = words;
  const isExact = !/[*#]/.test(text);
  return {
    text,
    isExact,
    entity: first === '*' || first === '#' ? undefined : first,
    matches: isExact ? type => type === text : type => matchWords(words, type.split('.')),
  };
}

function matchWords(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') {
    return matchWords(rest, words) || (words.length > 0 && matchWords(pattern, words.slice(1)));
  }
  const [word, ...others] = words;
  return word !== undefined && (first === '*' || first === word) && matchWords(rest, others);
}
