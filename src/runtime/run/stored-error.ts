import { codeOf, isShiftworkError } from '../../errors/index.ts';
import { createStoredScrubber } from '../../contracts/index.ts';
import { scrubStart, shortened, storableText } from '../../privacy/index.ts';
import type { RunContext } from './run-context.ts';

const MESSAGE_LIMIT = 2_000;
const STACK_LIMIT = 8_000;
const CAUSES_LIMIT = 4;

type Scrub = (text: string) => string;

/**
 * An error as it may be stored and shown: sensitive values removed, sizes bounded, no text that an engine cannot hold (the job could not
 * end, and would run for ever), causes folded into the stack, and the code in front of the message so that lists can be grouped by it.
 */
export class StoredError extends Error {
  readonly code: string | undefined;

  constructor(error: Error, scrub: Scrub) {
    const code = shownCode(error);
    const plain = read(error, 'message', scrub);
    const message = code === undefined || plain.startsWith(code) ? plain : `${code}: ${plain}`;
    super(shortened(message, MESSAGE_LIMIT));
    this.name = storableText(read(error, 'name', scrub).slice(0, 100)) || 'Error';
    this.code = code;
    this.stack = shortened(stackOf(error, scrub), STACK_LIMIT);
  }
}

/** For the engine and for listeners: nothing sensitive, nothing huge. */
export function storedError(run: RunContext, error: Error): StoredError {
  return new StoredError(error, scrubberOf(run));
}

/** What a handler gave as a reason, as a fact may carry it: nothing sensitive, nothing huge. */
export function scrubbedReason(run: RunContext, reason: string): string {
  return shortened(scrubStart(reason, scrubberOf(run)), MESSAGE_LIMIT);
}

const LINE_LIMIT = 200;

/** What an error says, in one line for people: nothing sensitive. */
export function scrubbedLine(run: RunContext, error: Error): string {
  const [line = ''] = read(error, 'message', scrubberOf(run)).split('\n', 1);
  return shortened(line, LINE_LIMIT);
}

/** Made once for a run: of hundreds of kilobytes of data it takes many milliseconds. */
const scrubbers = new WeakMap<RunContext, Scrub>();

export function scrubberOf(run: RunContext): Scrub {
  const known = scrubbers.get(run);
  if (known !== undefined) return known;
  const made = newScrubber(run);
  scrubbers.set(run, made);
  return made;
}

function newScrubber({ assignment, data, meta }: RunContext): Scrub {
  // Data of an unknown job cannot be told apart, and no handler of ours has seen it.
  return assignment === undefined
    ? text => text
    : createStoredScrubber(assignment.contract, { version: meta.version, data });
}

/** In front of the message it groups lists: one of a driver is shown where it is a word, and no text of any kind. */
function shownCode(error: Error): string | undefined {
  const code = codeOf(error);
  if (isShiftworkError(error)) return code;
  return code !== undefined && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

function stackOf(error: Error, scrub: Scrub): string {
  const lines: string[] = [
    read(error, 'stack', scrub) || `${read(error, 'name', scrub)}: ${read(error, 'message', scrub)}`,
  ];
  let cause = field(error, 'cause');
  for (let depth = 0; cause !== undefined && cause !== null && depth < CAUSES_LIMIT; depth += 1) {
    const text = isError(cause) ? read(cause, 'stack', scrub) || read(cause, 'message', scrub) : typeof cause;
    lines.push(`caused by ${text}`);
    cause = isError(cause) ? field(cause, 'cause') : undefined;
  }
  return lines.join('\n');
}

function read(error: Error, name: 'message' | 'name' | 'stack', scrub: Scrub): string {
  const value = field(error, name);
  return typeof value === 'string' ? scrubStart(value, scrub) : '';
}

/** Getters on thrown errors may throw in turn. */
function field(error: Error, name: 'message' | 'name' | 'stack' | 'cause'): unknown {
  try {
    return Reflect.get(error, name);
  } catch {
    return undefined;
  }
}

/** Even asking may throw, of a proxy that was revoked. */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
