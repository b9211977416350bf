import type { CheckedErase } from './check-erase.ts';

/** What is asked of an erase, and what tells a fault of the caller's own functions, and the end that its signal asked for, from a fault of the engine. */
export interface ToldApart {
  readonly asked: CheckedErase;
  readonly isCallers: (cause: unknown) => boolean;
}

export function toldApart(asked: CheckedErase): ToldApart {
  const thrown = new Set<unknown>();
  const note = (error: unknown): never => {
    thrown.add(error);
    throw error;
  };
  const { onProgress, events, signal } = asked;
  return {
    asked: {
      ...asked,
      onProgress(erased) {
        try {
          onProgress?.(erased);
        } catch (error) {
          note(error);
        }
      },
      events: events && {
        ...events,
        store: { eraseSubject: async subject => events.store.eraseSubject(subject).catch(note) },
      },
    },
    isCallers: cause => thrown.has(cause) || (signal?.aborted === true && cause === signal.reason),
  };
}
