/** A JSON Schema as a part of a document: its references to itself (`#`, `#/$defs/x`) lead to where it stands there. */
export function embedded(schema: unknown, at: string): unknown {
  if (Array.isArray(schema)) return schema.map(item => embedded(item, at));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string' && value.startsWith('#') ? at + value.slice(1) : embedded(value, at),
    ]),
  );
}
