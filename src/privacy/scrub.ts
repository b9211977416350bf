import { REDACTED, visitFields, type Sensitive } from './redact.ts';

/**
 * So much of the start of a value is looked for; the rest goes with it, as far as the text repeats it. A text that was cut may end
 * with less of a value than this, and then nothing finds it.
 */
const SCRUB_REACH = 256;

/** V8 refuses a pattern of some 60,000 characters, with an error that repeats it: the very values that nobody may see. */
const PATTERN_LIMIT = 16_000;

const FIELD_NAME = /^[A-Za-z_$][\w$]*$/;

const HTML_NAMES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Makes a function that removes the values of the sensitive fields from any text, whatever their letter case and also
 * where they stand URL-encoded, JSON-escaped or HTML-escaped. Values shorter than 3 characters are left: removing
 * every "a" would destroy the text without hiding anything.
 */
export function createScrubber(contract: Sensitive, data: unknown): (text: string) => string {
  const spellings = new Set<string>();
  for (const path of contract.sensitive) {
    visitFields(data, path.split('.'), (parent, field) => collect(parent[field], spellings));
  }
  if (spellings.size === 0) return text => text;
  const patterns = patternsOf(spellings);
  const long = longByHead(spellings);
  return text => {
    const spans = patterns.flatMap(pattern =>
      Array.from(text.matchAll(pattern), ({ 0: found, index }) => ({
        start: index,
        end: index + (long.size === 0 ? found.length : reachOf(long, text, index, found.length)),
      })),
    );
    return spans.length === 0 ? text : without(text, spans);
  };
}

/** More of a text than this is not read: a message of megabytes must not cost seconds. */
const READ_LIMIT = 64_000;

/** A text, scrubbed; of a longer one the start. */
export function scrubStart(text: string, scrub: (text: string) => string): string {
  if (text.length <= READ_LIMIT) return scrub(text);
  const start = scrub(text.slice(0, READ_LIMIT));
  // The cut may have gone through a value, and too little of it may be left to be found.
  const found = start.lastIndexOf(REDACTED);
  return start.slice(0, Math.max(start.length - SCRUB_REACH, found === -1 ? 0 : found + REDACTED.length));
}

/** Adds every text and number in the value. A loop: data may be nested deeper than the stack reaches. */
function collect(value: unknown, spellings: Set<string>): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string' || typeof next === 'number' || typeof next === 'bigint') {
      addSpellings(String(next).trim(), spellings);
    } else if (next instanceof Date) {
      addSpellings(String(next), spellings);
      if (!Number.isNaN(next.getTime())) addSpellings(next.toISOString(), spellings);
    } else if (typeof next === 'object' && next !== null) {
      for (const [name, inner] of Object.entries(next)) {
        // A name is a value where it names no field: the addresses of a list by address, for one.
        if (!Array.isArray(next) && !FIELD_NAME.test(name)) addSpellings(name.trim(), spellings);
        left.push(inner);
      }
    }
  }
}

function addSpellings(text: string, spellings: Set<string>): void {
  if (text.length < 3) return;
  spellings.add(text);
  spellings.add(JSON.stringify(text).slice(1, -1));
  spellings.add(text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`));
  spellings.add(text.replace(/[&<>"']/g, character => `&${HTML_NAMES[character] ?? '#39'};`));
  // A lone surrogate cannot be URL-encoded, so it cannot stand in a URL either.
  if (!text.isWellFormed()) return;
  const encoded = encodeURIComponent(text);
  spellings.add(encoded);
  spellings.add(encoded.replaceAll('%20', '+'));
}

function patternsOf(spellings: ReadonlySet<string>): readonly RegExp[] {
  const heads = new Set([...spellings].map(spelling => spelling.slice(0, SCRUB_REACH)));
  // Longest first, so that a value that contains another one is removed whole.
  const ordered = [...heads].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const sources: string[] = [];
  for (const head of ordered) {
    const last = sources.at(-1);
    if (last === undefined || last.length > PATTERN_LIMIT) sources.push(head);
    else sources[sources.length - 1] = `${last}|${head}`;
  }
  return sources.map(source => new RegExp(source, 'gi'));
}

function longByHead(spellings: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const long = new Map<string, string[]>();
  for (const spelling of spellings) {
    if (spelling.length <= SCRUB_REACH) continue;
    const head = folded(spelling.slice(0, SCRUB_REACH));
    long.set(head, [...(long.get(head) ?? []), spelling]);
  }
  return long;
}

/** How many characters from `start` on are of the value whose head was found there. */
function reachOf(long: ReadonlyMap<string, readonly string[]>, text: string, start: number, found: number): number {
  if (found < SCRUB_REACH) return found;
  let reach = found;
  for (const value of long.get(folded(text.slice(start, start + found))) ?? []) {
    let same = found;
    while (same < value.length && start + same < text.length && isSame(text[start + same], value[same])) same += 1;
    reach = Math.max(reach, same);
  }
  return reach;
}

function isSame(one = '', other = ''): boolean {
  return one === other || folded(one) === folded(other);
}

/** Letter case taken away by the rule of a regular expression that ignores it: unit by unit, and nothing becomes ASCII that was not. */
function folded(text: string): string {
  let out = '';
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charAt(index);
    const upper = unit.toUpperCase();
    out += upper.length === 1 && (unit < '\u0080' || upper >= '\u0080') ? upper : unit;
  }
  return out;
}

function without(text: string, spans: Span[]): string {
  let out = '';
  let done = 0;
  for (const { start, end } of spans.sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= done) out += text.slice(done, start) + REDACTED;
    done = Math.max(done, end);
  }
  return out + text.slice(done);
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
