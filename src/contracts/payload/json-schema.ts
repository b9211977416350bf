import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/** A schema as JSON Schema (draft 2020-12), or why its library cannot give one. */
export type DescribedSchema =
  | { readonly kind: 'described'; readonly json: Readonly<Record<string, unknown>> }
  | { readonly kind: 'undescribed'; readonly why: string };

/**
 * What a caller may give (`input`), or what comes out (`output`), as JSON Schema: of every library that speaks Standard JSON Schema, as zod 4.2 and
 * later do. Never throws.
 */
export function describedSchema(schema: StandardSchemaV1, side: 'input' | 'output'): DescribedSchema {
  if (!speaksJsonSchema(schema))
    return { kind: 'undescribed', why: 'its schema library does not speak Standard JSON Schema' };
  try {
    const { $schema: _, ...json } = schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' });
    return { kind: 'described', json };
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : '';
    return { kind: 'undescribed', why: said.slice(0, 200) || 'its schema library could not say' };
  }
}

function speaksJsonSchema(schema: StandardSchemaV1): schema is StandardSchemaV1 & StandardJSONSchemaV1 {
  return 'jsonSchema' in schema['~standard'];
}
