import { hasCode } from '../../errors/index.ts';
import { type Engine, EngineCheckError } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';

const ENGINE_RETRY_MS = 1_000;

/** Waits for an engine that is away; refuses one that must not be used. Returns early when the signal aborts. */
export async function usableEngine(engine: Engine, facts: Facts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const report = await engine.check();
      for (const warning of report.warnings) facts.emit('engine.warning', { engine: engine.kind, warning });
      if (report.errors.length > 0) throw new EngineCheckError(report.errors);
      return;
    } catch (error) {
      if (!hasCode(error, 'ENGINE_UNREACHABLE')) throw error;
      await pause(ENGINE_RETRY_MS, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
