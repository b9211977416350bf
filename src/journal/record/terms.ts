const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BUCKETS = 256;
const MARK_LENGTH = 5;

/**
 * What runs are looked up by, as the index holds it: one of 256 buckets, and 30 bits more. Several texts may have one term: whoever looks compares
 * the runs themselves. No secret: ids are no data of users, and tags come as keyed digests.
 */
export interface Term {
  readonly bucket: number;
  /** Five characters. */
  readonly mark: string;
}

/** FNV-1a over the text in two lanes. */
export function termOf(text: string): Term {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 15);
  }
  let rest = (a ^ (a >>> 16)) >>> 0;
  let mark = '';
  for (let at = 0; at < MARK_LENGTH; at += 1) {
    mark += DIGITS[rest & 63];
    rest >>>= 6;
  }
  return { bucket: (b ^ (b >>> 13)) & (BUCKETS - 1), mark };
}

/** The texts that a run is found by. */
export const termText = {
  /** Of a job, or of what it follows from: a job is found by its own, too. */
  id: (id: string): string => `j ${id}`,
  trace: (id: string): string => `t ${id}`,
  tag: (digest: string): string => `g ${digest}`,
  cause: (cause: string): string => `f ${cause}`,
  contract: (name: string): string => `n ${name}`,
} as const;

/** Terms of many texts, by bucket: marks of one bucket follow each other. */
export class TermSet {
  readonly #marks: (string | undefined)[] = [];
  readonly #known = new Set<string>();

  /** Of a text that comes again and again, such as a contract's name. */
  addOnce(text: string): void {
    if (this.#known.has(text)) return;
    this.#known.add(text);
    this.add(text);
  }

  /** Of a text that is another one each time, mostly: twice does no harm. */
  add(text: string): void {
    const { bucket, mark } = termOf(text);
    const marks = this.#marks[bucket];
    this.#marks[bucket] = marks === undefined ? mark : marks + mark;
  }

  /** Each bucket with its marks. */
  get buckets(): readonly (readonly [bucket: number, marks: string])[] {
    return this.#marks.flatMap((marks, bucket) => (marks === undefined ? [] : [[bucket, marks] as const]));
  }
}

/** Whether marks that follow each other hold this one. */
export function holdsMark(marks: string, mark: string, from = 0, until = marks.length): boolean {
  for (let at = marks.indexOf(mark, from); at !== -1 && at < until; at = marks.indexOf(mark, at + 1)) {
    if ((at - from) % MARK_LENGTH === 0) return true;
  }
  return false;
}
