import { shown } from '../../errors/index.ts';
import type { FieldPath } from '../define/job-contract.ts';
import type { Refuse } from '../define/payload-definition.ts';

/** What a browser may see of a job beside its state: fields of its data, of its progress, of its result. */
export type PublicField<Data> =
  `data.${FieldPath<Data>}` | 'progress' | `progress.${string}` | 'result' | `result.${string}`;

const FIELD = /^(?:data\.[^.]|progress(?:\.[^.]|$)|result(?:\.[^.]|$))/;

/** @throws what `refuse` throws */
export function publicFieldsOf(
  fields: readonly string[] | undefined,
  { sensitive, encrypt }: { readonly sensitive: readonly string[]; readonly encrypt: readonly string[] },
  refuse: Refuse,
): readonly string[] {
  const given: unknown = fields ?? [];
  if (!Array.isArray(given)) refuse('expected publicFields to be a list of fields.');
  for (const field of fields ?? []) {
    if (typeof field !== 'string' || !FIELD.test(field) || field.endsWith('.')) {
      refuse(`expected each of publicFields as data.FIELD, progress or result, got ${shown(field)}.`);
    }
    const hidden = sensitive.find(
      path => `data.${path}.`.startsWith(`${field}.`) || `${field}.`.startsWith(`data.${path}.`),
    );
    if (hidden !== undefined)
      refuse(`expected no field in publicFields that is sensitive, got "${field}" ("${hidden}").`);
    if (encrypt.length > 0 && field.startsWith('result'))
      refuse(
        `expected no result in publicFields beside encrypt, got "${field}": results of such a contract are encrypted.`,
      );
  }
  return Object.freeze([...(fields ?? [])]);
}
