import {
  functionThrew,
  InvalidPayloadError,
  TAG_NAME,
  TAGS_AT_MOST,
  validatePayload,
  type AnyJobContract,
} from '../../contracts/index.ts';
import { answeredLate } from '../../errors/index.ts';
import { storableText } from '../../privacy/index.ts';
import type { KeyedDigests } from '../../secrets/index.ts';

/** A tag as it is looked for: a number and its text are one value. */
export interface JobTag {
  readonly name: string;
  readonly value: string;
}

/** A tag as it may be shown: with its value where its contract says that it is public. */
export interface ShownTag {
  readonly name: string;
  readonly value?: string | undefined;
}

const VALUE_LIMIT = 200;

/**
 * The tags of a job, from its validated data; undefined where its contract has none.
 * @throws InvalidPayloadError
 */
export function tagsOf(
  { name: contract, tags }: Pick<AnyJobContract, 'name' | 'tags'>,
  output: unknown,
): readonly JobTag[] | undefined {
  if (tags === undefined) return undefined;
  let given: unknown;
  try {
    given = tags.of(output);
  } catch (cause) {
    throw functionThrew(contract, 'tags', 'its function', cause);
  }
  // Without this it would have no tags, and whoever erases a person would not find it.
  if (answeredLate(given))
    throw refusal(contract, 'tags', 'expected an object of tags at once, got a promise: the function may not be async');
  if (typeof given !== 'object' || given === null) throw refusal(contract, 'tags', 'expected an object of tags');
  const found: JobTag[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const tag = tagFrom(name, value);
    if (typeof tag === 'string') throw refusal(contract, `tags.${name.slice(0, 40)}`, tag);
    found.push(tag);
  }
  if (found.length > TAGS_AT_MOST)
    throw refusal(contract, 'tags', `expected at most ${TAGS_AT_MOST}, got ${found.length}`);
  return found.length === 0 ? undefined : found;
}

/** Whose the data of a call is: the tags of its job, or, where it is an item of a chunk, what the chunk says of it. @throws InvalidPayloadError */
export function ownTags(contract: AnyJobContract, data: unknown): readonly JobTag[] | undefined {
  const { name, chunk, tags } = contract;
  if (chunk === undefined) return tags && tagsOf(contract, validatePayload(contract, data));
  return chunk.tags && tagsOf({ name, tags: chunk.tags }, validatePayload(chunk.item, data));
}

/** The tag, or what is wrong with it, in words that do not repeat the value. */
export function tagFrom(name: string, value: unknown): JobTag | string {
  if (!TAG_NAME.test(name)) return 'expected a name of a letter, then letters, digits, - and _, 40 at most';
  if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value))
    return `expected a text, a number or a boolean, got ${value === null ? 'null' : typeof value}`;
  const text = String(value);
  if (storableText(text) !== text)
    return 'expected a text without a NUL character or half of a surrogate pair, which not every engine can hold';
  return text.length >= 1 && text.length <= VALUE_LIMIT
    ? { name, value: text }
    : `expected 1 to ${VALUE_LIMIT} characters, got ${text.length}`;
}

/** What stands in the index: the same for the same tag of any contract. 132 bits. */
export function tagDigest(digests: KeyedDigests, { name, value }: JobTag): string {
  return digests.of('tag', `${name} ${value}`).slice(0, 22);
}

/** As a view may show them. */
export function shownTags({ tags: policy }: AnyJobContract, tags: readonly JobTag[]): readonly ShownTag[] {
  return tags.map(({ name, value }) => (policy?.shown.has(name) === true ? { name, value } : { name }));
}

/** As the options of a job carry them. */
export function tagDigests(digests: KeyedDigests, tags: readonly JobTag[]): string {
  return tags.map(tag => tagDigest(digests, tag)).join(' ');
}

function refusal(contract: string, path: string, message: string): InvalidPayloadError {
  return new InvalidPayloadError(contract, [{ path, message }]);
}
