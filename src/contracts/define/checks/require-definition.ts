import { kindOf } from '../../../errors/index.ts';
import { InvalidContractError } from '../invalid-contract-error.ts';

/** From plain JavaScript, and through casts, comes anything. @throws InvalidContractError */
export function requireDefinition(call: string, given: unknown): asserts given is object {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw new InvalidContractError(`Expected ${call}, got ${Array.isArray(given) ? 'a list' : kindOf(given)}.`);
}

/** A text alone would be taken letter by letter, and its field be hidden nowhere. @throws what `refuse` throws */
export function fieldsOf(option: string, given: unknown, refuse: (problem: string) => never): readonly string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return refuse(`expected ${option} to be a list of fields, got ${kindOf(given)}.`);
  const fields: readonly unknown[] = given;
  return fields.map(field =>
    typeof field === 'string' && field !== ''
      ? field
      : refuse(`expected each of ${option} to be the path of a field, such as "address.street", got ${kindOf(field)}.`),
  );
}

/** What `defineJob` or another of them has made. */
export function isMade(kind: 'job' | 'event' | 'handler' | 'reaction' | 'schedule', value: unknown): boolean {
  return (
    (typeof value === 'function' || typeof value === 'object') &&
    value !== null &&
    'kind' in value &&
    value.kind === kind
  );
}
