import { InvalidOptionsError } from '../../errors/index.ts';
import { requireIdText } from '../schema/id-text.ts';
import type { StreamAppend } from './stream-append.ts';

const EVENTS_AT_MOST = 5_000;
const STREAMS_AT_MOST = 100;

/** One to so many streams, each named once and with at least one event. @throws InvalidOptionsError */
export function requireAppends(appends: readonly StreamAppend[]): void {
  const streams = new Set<string>();
  let count = 0;
  for (const append of appends) {
    // From JavaScript it may be anything: then the stream is what is missed first.
    const { stream, events } = append ?? {};
    requireIdText(stream, 'the name of a stream');
    if (streams.has(stream))
      throw new InvalidOptionsError(
        `Expected each stream of an append once, got "${stream}" twice: put its events into one list.`,
      );
    if (!Array.isArray(events) || events.length === 0) {
      throw new InvalidOptionsError(`Expected at least one event for the stream "${stream}", got none.`);
    }
    streams.add(stream);
    count += events.length;
  }
  if (appends.length === 0 || appends.length > STREAMS_AT_MOST || count > EVENTS_AT_MOST) {
    throw new InvalidOptionsError(
      `Expected an append of 1 to ${STREAMS_AT_MOST} streams and at most ${EVENTS_AT_MOST} events, ` +
        `got ${appends.length} streams and ${count} events.`,
    );
  }
}
