import { EngineCheckError, type Engine } from '../../engine/index.ts';

/**
 * For a process that starts also while its engine is away: the first thing that it logs is why the engine must not be used, such as tables
 * that are older than this release. It starts all the same. In a deploy it may be there before the migration has ended, and works then.
 */
export async function sayIfUnusable(
  engine: Engine,
  logger: { error(fields: { readonly err: Error }, message: string): void },
): Promise<void> {
  const errors = await engine.check().then(
    report => report.errors,
    // Away, which `engine.lost` has stated.
    () => [],
  );
  if (errors.length > 0) logger.error({ err: new EngineCheckError(errors) }, 'the engine must not be used as it is');
}
