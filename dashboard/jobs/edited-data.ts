import { REDACTED } from '../../src/privacy/index.ts';

/**
 * What a person has made of data as it was shown: where a hidden value stands as it stood, the stored one is meant; so nobody has to see what is
 * sensitive, and anybody can replace it.
 */
export function editedData(edited: unknown, stored: unknown): unknown {
  if (edited === REDACTED) return stored;
  if (Array.isArray(edited)) {
    const list: readonly unknown[] = Array.isArray(stored) ? stored : [];
    return edited.map((each, index) => editedData(each, list[index]));
  }
  if (typeof edited === 'object' && edited !== null) {
    const fields: Readonly<Record<string, unknown>> =
      typeof stored === 'object' && stored !== null && !Array.isArray(stored) ? { ...stored } : {};
    return Object.fromEntries(Object.entries(edited).map(([name, each]) => [name, editedData(each, fields[name])]));
  }
  return edited;
}
