import { snooze } from '../src/contracts/index.ts';
import { DeliveryError, isConflict, isDeliveryError, isOutage, signOf } from '../src/resilience/index.ts';

/**
 * Does one statement that may be repeated. A database that is away is no fault of the job: its destination is paused, as a mail server's
 * is. Everything else is thrown as it came.
 * @throws DeliveryError, transient
 */
export async function orAway<Result>(statement: Promise<Result>): Promise<Result> {
  try {
    return await statement;
  } catch (error) {
    if (!isOutage(error) || isConflict(error)) throw error;
    // Not the cause: it names hosts and ports.
    throw new DeliveryError('transient', `The database is away (${signOf(error) ?? 'no code'}).`, {
      destination: 'database',
    });
  }
}

const WAIT_MS = { least: 10_000, spread: 10_000 };

/**
 * As `orAway`, for a job whose destination is another far side, which must not be paused for this one: the job comes back after 10 to 20 s
 * without spending an attempt, until it is too old.
 * @throws Outcome, a snooze
 */
export async function orLater<Result>(statement: Promise<Result>): Promise<Result> {
  try {
    return await orAway(statement);
  } catch (error) {
    if (isDeliveryError(error) && error.destination === 'database') {
      throw snooze(WAIT_MS.least + Math.round(Math.random() * WAIT_MS.spread), error.message);
    }
    throw error;
  }
}
