import type { Engine } from '../../src/engine/index.ts';
import { waitFor } from './wait-for.ts';

/** Resolves with what the check says, its error or its report, once that holds the text: on a busy machine the first answer may be that none came in time. */
export function checkSays(engine: Engine, text: string): Promise<string> {
  return waitFor(`the check to say "${text}"`, async () => {
    const said = await engine.check().then(report => JSON.stringify(report), String);
    return said.includes(text) ? said : undefined;
  });
}
