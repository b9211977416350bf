import { shown } from '../../errors/index.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { fieldsOf } from './checks/require-definition.ts';
import type { PayloadContract } from '../payload/payload-contract.ts';

/** Ends a definition that cannot work. The problem is a sentence, with its full stop. */
export type Refuse = (problem: string) => never;

interface PayloadDefinition {
  readonly version?: number;
  readonly schema: StandardSchemaV1;
  readonly upgrade?: Readonly<Record<number, (data: unknown) => unknown>>;
  readonly sensitive?: readonly string[];
}

/** What jobs and events say alike of the data that they carry. @throws what `refuse` throws */
export function payloadPartsOf(definition: PayloadDefinition, refuse: Refuse): Omit<PayloadContract, 'name'> {
  if (!speaksStandardSchema(definition.schema)) {
    refuse('expected schema to speak Standard Schema v1 (zod 4, valibot, arktype do).');
  }
  const version = definition.version ?? 1;
  if (!Number.isInteger(version) || version < 1)
    refuse(`expected version to be an integer >= 1, got ${shown(version)}.`);
  for (const step of Object.keys(definition.upgrade ?? {})) {
    const from = Number(step);
    if (!Number.isInteger(from) || from < 1 || from >= version) {
      refuse(`upgrade step ${step} leads nowhere: expected steps from 1 to ${version - 1}.`);
    }
  }
  return {
    version,
    schema: definition.schema,
    upgrade: Object.freeze({ ...definition.upgrade }),
    sensitive: Object.freeze([...fieldsOf('sensitive', definition.sensitive, refuse)]),
  };
}

/** Plain JavaScript, and a cast, give anything. */
export function speaksStandardSchema(schema: StandardSchemaV1 | undefined): boolean {
  return typeof schema?.['~standard']?.validate === 'function';
}
