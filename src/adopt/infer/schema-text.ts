import { looksPersonal } from './looks-like-data.ts';
import { Shape } from './shape.ts';

export interface InferredSchema {
  /** TypeScript: a schema of zod, with the count behind each field. */
  readonly text: string;
  /** Paths of fields that are likely to be personal, in the contract's notation. */
  readonly sensitive: readonly string[];
}

/**
 * The schema that fits all of these payloads, and that lets more than them through: a payload that it refuses is dead at once. So numbers have no bounds,
 * texts no format, and objects may hold more fields.
 */
export function inferSchema(payloads: Iterable<unknown>): InferredSchema {
  const shape = new Shape();
  for (const payload of payloads) shape.add(payload);
  return { text: textOf(shape, '  '), sensitive: personalFields(shape, '') };
}

/** @param indent of the line on which the text ends */
function textOf(shape: Shape, indent: string): string {
  const kinds = [
    ...(shape.strings > 0 ? ['z.string()'] : []),
    ...(shape.numbers > 0 ? ['z.number()'] : []),
    ...(shape.booleans > 0 ? ['z.boolean()'] : []),
    ...(shape.arrays > 0 ? [`z.array(${textOf(shape.items, indent)})`] : []),
    ...(shape.objects > 0 ? [objectText(shape, indent)] : []),
  ];
  const [only = 'z.unknown()', ...more] = shape.unknowns > 0 ? [] : kinds;
  const text = more.length === 0 ? only : `z.union([${[only, ...more].join(', ')}])`;
  return shape.nulls > 0 && only !== 'z.unknown()' ? `${text}.nullable()` : text;
}

function objectText(shape: Shape, indent: string): string {
  const { values } = shape;
  if (values !== undefined) return `z.record(z.string(), ${textOf(values, indent)})`;
  if (shape.fields.size === 0) return 'z.looseObject({})';
  const lines = [...shape.fields].map(([key, field]) => {
    const optional = field.seen < shape.objects ? '.optional()' : '';
    const text = `${textOf(field, `${indent}  `)}${optional}`;
    return `${indent}  ${/^[\w$]+$/.test(key) ? key : `'${key}'`}: ${text}, // ${field.seen} of ${shape.objects}`;
  });
  return `z.looseObject({\n${lines.join('\n')}\n${indent}})`;
}

function personalFields(shape: Shape, path: string): readonly string[] {
  if (shape.values !== undefined) return [];
  return [...shape.fields].flatMap(([key, field]) => {
    // A path of the contract has dots between its keys.
    const at = path === '' ? key : `${path}.${key}`;
    if (looksPersonal(key, field.mailAddresses, field.strings)) return [at];
    return field.objects === field.seen ? personalFields(field, at) : [];
  });
}
