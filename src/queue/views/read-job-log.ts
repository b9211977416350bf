import type { Engine } from '../../engine/index.ts';
import { placeOf } from '../ids/job-id.ts';

/** What a job's runs have written with `run.log`, the newest last, at most so many; without the lines of its history. */
export async function readJobLog(engine: Engine, name: string, most: number): Promise<readonly string[]> {
  const place = placeOf(name);
  const queue = place && (await engine.existingQueue(place.queue));
  if (place === undefined || queue === undefined) return [];
  const { logs }: { readonly logs: unknown } = await queue.getJobLogs(place.id);
  const lines = Array.isArray(logs) ? logs.map(String) : [];
  return lines.filter(line => !isHistory(line)).slice(-most);
}

function isHistory(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    const { what }: { readonly what?: unknown } = Object(JSON.parse(line));
    return what === 'failed' || what === 'replayed';
  } catch {
    return false;
  }
}
