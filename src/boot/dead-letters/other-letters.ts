import type { Variables } from '../../config/index.ts';
import type { App } from '../../contracts/index.ts';
import type { OtherDeadLetters } from '../../dead-letters/index.ts';
import type { OpenedSource, Room } from '../room.ts';
import { ROOMS } from '../rooms.ts';

export interface OpenedLetters {
  readonly sources: readonly OtherDeadLetters[];
  close(): Promise<void>;
}

/** The dead letters that are no jobs, of every room that has some for this app in this environment. */
export async function openOtherLetters(
  app: App,
  variables: Variables,
  rooms: readonly Room[] = ROOMS,
): Promise<OpenedLetters> {
  const opened: OpenedSource[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(source => source.close()));
  };
  try {
    for (const { letters } of rooms) {
      const source = await letters?.(app, variables);
      if (source !== undefined) opened.push(source);
    }
  } catch (cause) {
    await close();
    throw cause;
  }
  return { sources: opened.map(({ source }) => source), close };
}
