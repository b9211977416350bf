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
  let isOver = false;
  const next = async (): Promise<Outcome> => {
    // Its job may be in other hands by then.
    if (isOver && came === undefined)
      return failed(new Error('next() was called after its middleware had ended the run.'));
    return (came ??= runAround(others, around, run, inner, failed));
  };
  const through = async (): Promise<Outcome> => {
    let answer: unknown;
    try {
      answer = await middleware(around, next);
    } finally {
      isOver = true;
      // Whatever the middleware says: a handler that works must not meet the next run of its job.
      await came;
    }
    if (answer === undefined && came !== undefined) return came;
    if (isHandlerDecision(answer)) return classifyReturn(around.contract, answer, run);
    if (isOutcome(answer)) {
      // A result of its own is kept as one of the handler's: where the contract promises one, it is looked at.
      if (answer.kind !== 'succeeded' || answer === (await came)) return answer;
      return classifyReturn(around.contract, answer.result, run);
    }
    throw new Error('A middleware ended the run without saying how: return what next() answers, or a decision.');
  };
  return through().catch(failed);
}

/** From plain JavaScript comes anything: one that cannot be written down would leave the job without an end. */
function isOutcome(answer: unknown): answer is Outcome {
  if (typeof answer !== 'object' || answer === null || !('kind' in answer) || !KINDS.has(answer.kind)) return false;
  const fields = new Map<string, unknown>(Object.entries(answer));
  const has = (field: string, is: (value: unknown) => boolean): boolean => is(fields.get(field));
  switch (answer.kind) {
    case 'retry':
      return has('error', isError) && has('afterMs', Number.isFinite);
    case 'dead':
      return has('error', isError) && has('reason', isText);
    case 'snoozed':
      return has('untilMs', Number.isFinite) && has('reason', isText);
    case 'cancelled':
      return has('reason', isText);
    case 'divided':
      return has('dead', Array.isArray);
    default:
      return true;
  }
}

function isError(value: unknown): boolean {
  return value instanceof Error;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
