import { isShiftworkError, toError } from '../../errors/index.ts';
import { bareError } from '../../privacy/index.ts';
import { KEY_BYTES } from './cipher.ts';
import type { KeyRing } from './key-ring.ts';
import { KeyRingError } from './key-ring-error.ts';

/**
 * A ring that the app brings, whose every failure has one type: whoever reads events can tell a key service that does not answer from an
 * event that cannot be read, without looking at words.
 */
export function foreignKeyRing(ring: KeyRing): KeyRing {
  return {
    keyFor: subject => typed(async () => keyOf(await ring.keyFor(subject))),
    find: (subject, sql) =>
      typed(async () => {
        const key = await ring.find(subject, sql);
        // A driver's word for nothing may be null.
        return key === undefined || key === null ? undefined : keyOf(key);
      }),
    throwAway: subject => typed(() => ring.throwAway(subject)),
  };
}

function keyOf(key: unknown): Uint8Array {
  if (key instanceof Uint8Array && key.byteLength === KEY_BYTES) return key;
  throw new KeyRingError(`it answered with something else than a key of ${KEY_BYTES} bytes`);
}

async function typed<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    if (isShiftworkError(cause)) throw cause;
    throw new KeyRingError('it failed', { cause: bareError(toError(cause)) });
  }
}
