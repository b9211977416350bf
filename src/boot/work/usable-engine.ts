import { hasCode } from '../../errors/index.ts';
import { type Engine, EngineCheckError } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { sleepOrStop } from '../../time/index.ts';

const ENGINE_RETRY_MS = 1_000;

/** Waits for an engine that is away; refuses one that must not be used. Returns early when the signal aborts. */
export async function usableEngine(engine: Engine, facts: Facts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const report = await engine.check();
      // Why it does not start is the first line that the process prints.
      if (report.errors.length > 0) throw new EngineCheckError(report.errors);
      for (const warning of report.warnings) facts.emit('engine.warning', { engine: engine.kind, warning });
      return;
    } catch (error) {
      if (!hasCode(error, 'ENGINE_UNREACHABLE')) throw error;
      await sleepOrStop(ENGINE_RETRY_MS, signal);
    }
  }
}
