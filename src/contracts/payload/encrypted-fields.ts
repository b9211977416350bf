import { shown } from '../../errors/index.ts';
import type { Refuse } from '../define/payload-definition.ts';

/**
 * The fields that a contract encrypts, each path once; one within another is a part of it.
 * @throws what `refuse` throws
 */
export function encryptedFieldsOf(fields: readonly string[] | undefined, refuse: Refuse): readonly string[] {
  const given: unknown = fields ?? [];
  if (!Array.isArray(given)) refuse('expected encrypt to be a list of fields.');
  for (const field of fields ?? []) {
    if (typeof field !== 'string' || !/^[^.]+(\.[^.]+)*$/.test(field) || field.split('.').includes('__proto__')) {
      refuse(`expected each of encrypt to be the path of a field, such as "address.street", got ${shown(field)}.`);
    }
  }
  const paths = [...new Set(fields)];
  return Object.freeze(paths.filter(path => !paths.some(other => path.startsWith(`${other}.`))));
}

/** A part of a field that is encrypted whole cannot be taken out of what is stored. @throws what `refuse` throws */
export function requireForgettable(forget: readonly string[], encrypt: readonly string[], refuse: Refuse): void {
  for (const field of forget) {
    const whole = encrypt.find(each => field.startsWith(`${each}.`));
    if (whole === undefined) continue;
    refuse(`expected retention.forget to name "${whole}", got "${field}": that is stored encrypted, as a whole.`);
  }
}
