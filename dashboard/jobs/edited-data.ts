import { InvalidOptionsError } from '../../src/errors/index.ts';
import { REDACTED } from '../../src/privacy/index.ts';

/**
 * What a person has made of data as it was shown: a text that hides something and stands where it stood, as it was shown, means the stored one; so
 * nobody has to see what is sensitive, and anybody can replace it.
 * @throws InvalidOptionsError where a hidden value stands elsewhere: nobody could say whose it is
 */
export function editedData(edited: unknown, shown: unknown, stored: unknown): unknown {
  if (typeof edited === 'string') {
    if (edited === shown) return stored;
    if (edited.includes(REDACTED)) throw misplaced();
    return edited;
  }
  if (Array.isArray(edited)) {
    const [before, kept] = [itemsOf(shown), itemsOf(stored)];
    // With an item more or less all others stand in the place of another one.
    if (edited.length !== before.length && JSON.stringify(edited).includes(REDACTED)) throw misplaced();
    return edited.map((each, index) => editedData(each, before[index], kept[index]));
  }
  if (typeof edited === 'object' && edited !== null) {
    return Object.fromEntries(
      Object.entries(edited).map(([name, each]) => {
        if (name.includes(REDACTED)) throw misplaced();
        return [name, editedData(each, fieldOf(shown, name), fieldOf(stored, name))];
      }),
    );
  }
  return edited;
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function misplaced(): InvalidOptionsError {
  return new InvalidOptionsError(
    `Expected ${REDACTED} where it stood, in a text and a list that are as they were shown: write the value itself in its place.`,
  );
}
