import { UsageError } from '../../command/index.ts';

/** The text is never repeated: it may hold what nobody should see. @throws UsageError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('Expected the data as JSON, got something else. Quote it for your shell.');
  }
}
