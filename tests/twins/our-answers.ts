import type { AddAnswer, TurnAnswer } from '../../src/engine/turns/index.ts';
import type { Answer } from './step.ts';

/** What our queues answer, as far as BullMQ's twin can tell it. */
export function answerToAdds(answers: readonly AddAnswer[]): Answer {
  return answers.map(answer => (answer.kind === 'stands' ? answer.id : answer.kind));
}

export function answerToTurn({ settled, jobs, rest }: TurnAnswer): Answer {
  return {
    settled: settled.map(({ kind }) => kind),
    jobs: jobs.map(({ id, token, name, data, opts, attemptsMade, attemptsStarted, stacktrace, deferredFailure }) => ({
      id,
      token,
      name,
      data,
      opts,
      attemptsMade,
      attemptsStarted,
      stacktrace,
      deferredFailure,
    })),
    rest: rest?.kind === 'limited' ? { kind: rest.kind } : rest,
  };
}
