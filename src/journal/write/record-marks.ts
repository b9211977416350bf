import type { Facts } from '../../facts/index.ts';
import type { Mark } from '../record/mark.ts';
import type { JournalWriter } from './journal-writer.ts';

/** Gives what this process says of crashes, destinations, clocks and the engine to the journal. Answers what stops it. */
export function recordMarks(facts: Facts, writer: JournalWriter, now: () => number): () => void {
  const mark = (kind: Mark['kind'], text: string, about: Pick<Mark, 'queue' | 'part'> = {}): void =>
    writer.mark({ kind, at: Math.floor(now()), text, ...about });
  const stops = [
    facts.on('worker.died', ({ fields: { worker, code, signal } }) =>
      mark(
        'crash',
        `The worker process ${worker} ended ${signal === null ? `with code ${code ?? '?'}` : `by ${signal}`}.`,
      ),
    ),
    facts.on('worker.killed', ({ fields: { worker, reason } }) =>
      mark(
        'crash',
        reason === 'silent'
          ? `The worker process ${worker} did not answer, and was ended.`
          : `The worker process ${worker} had not left in time, and was ended.`,
      ),
    ),
    facts.on('breaker.opened', ({ fields: { queue, destination, openings } }) => {
      // Of one that stays sick each further try would be a mark.
      if (openings <= 1) mark('sick', `${destination} keeps failing: its jobs wait.`, { queue, part: destination });
    }),
    facts.on('breaker.closed', ({ fields: { queue, destination } }) =>
      mark('well', `${destination} is well again.`, { queue, part: destination }),
    ),
    facts.on('clock.differs', ({ fields: { whose, differenceMs } }) =>
      mark(
        'clock',
        whose === 'engine'
          ? 'The clock of the engine is wrong: nothing expires meanwhile.'
          : `The clock of a host differs from the engine's by ${Math.round(differenceMs / 1_000)} s.`,
      ),
    ),
    facts.on('engine.back', ({ fields: { awayMs } }) =>
      mark('engine', `The engine was away for ${Math.round(awayMs / 1_000)} s.`),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
