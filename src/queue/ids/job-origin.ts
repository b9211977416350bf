import type { EventEnvelope, JobRequest, Reaction } from '../../contracts/index.ts';
import { InvalidContractError } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { isJobRequest } from '../prepare/check-requests.ts';

/** What jobs follow from: an event and a reaction to it, or the slot of a schedule. */
export interface CausedBy {
  readonly id: string;
  readonly at: Date;
}

/** What one of the jobs follows from. */
export interface JobOrigin {
  /** The same for the same job of the same cause. */
  readonly cause: string;
  readonly atMs: number;
  /** It is known by its id, as long as its queue has it, and by no key beside. */
  readonly byIdAlone?: boolean;
}

/** Of the jobs of one cause each has its own: by its contract and its place among them. */
export function originOf({ id, at }: CausedBy, { contract }: JobRequest, index: number): JobOrigin {
  return { cause: JSON.stringify([id, contract.name, index]), atMs: at.getTime() };
}

/** What follows from one event by one reaction. The same jobs wherever it is asked: at once, behind a bus, in an outbox. */
export interface Following {
  readonly from: CausedBy;
  readonly requests: readonly JobRequest[];
}

/** @throws InvalidOptionsError: from plain JavaScript comes anything */
export function requireReactions(reactions: readonly Reaction[]): void {
  if (Array.isArray(reactions) && reactions.every(each => each?.kind === 'reaction')) return;
  throw new InvalidOptionsError('Expected reactions to be a list of what react(...) has made.');
}

/** @throws InvalidContractError where the reaction answers with something else than a list of jobs; what it throws itself */
export async function followingOf(reaction: Reaction, event: EventEnvelope): Promise<Following> {
  const answer: unknown = await reaction.jobsFor(event);
  if (!Array.isArray(answer) || !answer.every(isJobRequest)) {
    throw new InvalidContractError(
      `reaction "${reaction.name}" to "${event.type}": expected a list of jobs, such as [welcomeEmail({ ... })], got ` +
        `${Array.isArray(answer) ? 'a list with something else in it' : answer === null ? 'null' : typeof answer}.`,
    );
  }
  return { from: { id: `${event.id} ${reaction.name}`, at: event.timestamp }, requests: answer };
}
