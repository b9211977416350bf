import type { StandardSchemaV1 } from '@standard-schema/spec';

/** What jobs and events have in common: data of a schema, in a version, with older versions upgraded step by step. */
export interface PayloadContract {
  readonly name: string;
  readonly version: number;
  readonly schema: StandardSchemaV1;
  /** `upgrade[n]` turns data of version n into data of version n + 1, at once. */
  readonly upgrade: Readonly<Record<number, (data: unknown) => unknown>>;
  readonly sensitive: readonly string[];
}
