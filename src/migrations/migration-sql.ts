/** What is needed of a node-postgres client or pool. */
export interface MigrationSql {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}
