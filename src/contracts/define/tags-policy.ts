import { shown } from '../../errors/index.ts';
/** What one tag of a job says, such as a user's id. A number and its text are the same value. */
export type TagValue = string | number | boolean;

/** Tags by their names; those that are undefined are left out. */
export type Tags = Readonly<Record<string, TagValue | undefined>>;

/** As it was checked. */
export interface TagsPolicy {
  /** From the validated data. */
  readonly of: (data: unknown) => Tags;
  /** Those whose values may be shown. */
  readonly shown: ReadonlySet<string>;
}

/** A name is read by people and stands in addresses. */
export const TAG_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
/** Of one job. */
export const TAGS_AT_MOST = 8;

/** @throws what `refuse` throws */
export function tagsPolicyOf(
  tags: unknown,
  publicTags: unknown,
  refuse: (problem: string) => never,
): TagsPolicy | undefined {
  if (tags !== undefined && typeof tags !== 'function') refuse('expected tags to be a function of the data.');
  if (publicTags !== undefined && tags === undefined) refuse('expected tags beside publicTags.');
  const names: readonly unknown[] = Array.isArray(publicTags) ? publicTags : [];
  if (publicTags !== undefined && !Array.isArray(publicTags))
    refuse('expected publicTags to be a list of names of tags.');
  const wrong = names.find(name => typeof name !== 'string' || !TAG_NAME.test(name));
  if (wrong !== undefined)
    refuse(
      `expected each of publicTags to be the name of a tag (a letter, then letters, digits, - and _, 40 at most), got ${shown(wrong)}.`,
    );
  if (tags === undefined) return undefined;
  // Only data that this contract's own schema has validated is ever passed in.
  return Object.freeze({ of: tags as TagsPolicy['of'], shown: new Set(names.map(String)) });
}
