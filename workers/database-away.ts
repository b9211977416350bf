import { snooze } from '../src/contracts/index.ts';
import { DeliveryError, isRetryable } from '../src/resilience/index.ts';

/** Classes of SQLSTATE: no connection, none left, shutting down or starting up. */
const AWAY = /^(?:08|53|57P0)/;
/** What pg says without a code: its pool found no connection in time, the server closed one, an answer did not come. */
const SAID = /connection terminated|timeout exceeded when trying to connect|query read timeout/i;

/**
 * Does one statement that may be repeated. A database that is away is no fault of the job: its destination is held, as a mail server's
 * is. Everything else is thrown as it came.
 * @throws DeliveryError, transient
 */
export async function orAway<Result>(statement: Promise<Result>): Promise<Result> {
  try {
    return await statement;
  } catch (error) {
    if (!isAway(error)) throw error;
    // Not the cause: it names hosts and ports.
    throw new DeliveryError('transient', `The database is away (${codeOf(error) ?? 'no code'}).`, {
      destination: 'database',
    });
  }
}

const WAIT_MS = { least: 10_000, spread: 10_000 };

/**
 * As `orAway`, for a job whose destination is another far side, which must not be held for this one: the job comes back after 10 to 20 s
 * without spending an attempt, until it is too old.
 * @throws Outcome, a snooze
 */
export async function orLater<Result>(statement: Promise<Result>): Promise<Result> {
  try {
    return await orAway(statement);
  } catch (error) {
    if (error instanceof DeliveryError && error.destination === 'database') {
      throw snooze(WAIT_MS.least + Math.round(Math.random() * WAIT_MS.spread), error.message);
    }
    throw error;
  }
}

function isAway(error: unknown): boolean {
  return isRetryable(error) || AWAY.test(codeOf(error) ?? '') || (error instanceof Error && SAID.test(error.message));
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const told: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return told instanceof Error && 'code' in told && typeof told.code === 'string' ? told.code : undefined;
}
