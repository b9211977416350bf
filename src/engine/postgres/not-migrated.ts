/** Said by the boot check and by whatever meets the missing schema first. */
export function notMigrated(schema: string): string {
  return `The database has no current queue tables in its schema "${schema}". Run "shiftwork migrate".`;
}
