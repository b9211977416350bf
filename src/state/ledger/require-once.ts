import { InvalidOptionsError, kindOf, kindOfText, requireKnown } from '../../errors/index.ts';

const KNOWN: ReadonlySet<string> = new Set(['onDoubt']);
const DOUBTS: ReadonlySet<unknown> = new Set(['again', 'hold', undefined]);

/**
 * Looks at a call of `run.once` before anything is written: a key that is missing would be one effect for all jobs.
 * @throws InvalidOptionsError: from plain JavaScript comes anything
 */
export function requireOnce(key: unknown, effect: unknown, options: unknown): void {
  if (typeof key !== 'string' || key === '') {
    throw new InvalidOptionsError(
      `Expected the key of run.once(key, effect) to be a text, made of what the effect is for, got ${kindOfText(key)}.`,
    );
  }
  if (typeof effect !== 'function') {
    throw new InvalidOptionsError(
      `Expected the effect of run.once(key, effect) to be a function, such as () => charge(), got ${kindOf(effect)}.`,
    );
  }
  if (options === undefined) return;
  requireKnown('options of run.once', options, KNOWN);
  const onDoubt: unknown = 'onDoubt' in options ? options.onDoubt : undefined;
  if (DOUBTS.has(onDoubt)) return;
  throw new InvalidOptionsError(
    `Expected onDoubt of run.once to be again or hold, got ${typeof onDoubt === 'string' ? JSON.stringify(onDoubt.slice(0, 40)) : kindOf(onDoubt)}.`,
  );
}
