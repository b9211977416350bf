import { isHandlerDecision, type Middleware, type RunAround } from '../../contracts/index.ts';
import { classifyReturn } from './classify.ts';
import type { Outcome } from './outcome.ts';
import type { RunContext } from './run-context.ts';

const KINDS: ReadonlySet<unknown> = new Set<Outcome['kind']>([
  'succeeded',
  'retry',
  'snoozed',
  'cancelled',
  'dead',
  'divided',
  'handed-back',
]);

/** Runs `inner` within the middleware, the first one outermost. Never rejects, as `inner` does not. */
export function runAround(
  use: readonly Middleware[],
  around: RunAround,
  run: RunContext,
  inner: () => Promise<Outcome>,
  failed: (error: unknown) => Outcome,
): Promise<Outcome> {
  const [middleware, ...others] = use;
  if (middleware === undefined) return inner();
  let came: Promise<Outcome> | undefined;
  const next = (): Promise<Outcome> => (came ??= runAround(others, around, run, inner, failed));
  const through = async (): Promise<Outcome> => {
    let answer: unknown;
    try {
      answer = await middleware(around, next);
    } finally {
      // Whatever the middleware says: a handler that works must not meet the next run of its job.
      await came;
    }
    if (answer === undefined && came !== undefined) return came;
    if (isHandlerDecision(answer)) return classifyReturn(around.contract, answer, run);
    if (isOutcome(answer)) return answer;
    throw new Error('A middleware ended the run without saying how: return what next() answers, or a decision.');
  };
  return through().catch(failed);
}

function isOutcome(answer: unknown): answer is Outcome {
  return typeof answer === 'object' && answer !== null && 'kind' in answer && KINDS.has(answer.kind);
}
