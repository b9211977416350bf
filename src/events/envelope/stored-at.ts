import type { StoredAt } from '../../contracts/index.ts';
import { isIdText } from './stamp-event.ts';

/** Numbers as texts: CloudEvents has none above 2^31. */
export function writeStoredAt(at: StoredAt | undefined): Readonly<Record<string, string>> | undefined {
  if (at === undefined) return undefined;
  return { stream: at.stream, streamversion: String(at.streamVersion), position: String(at.position) };
}

/** All of it or nothing: others may give these names another meaning. */
export function readStoredAt({
  stream,
  streamversion,
  position,
}: Readonly<Record<string, unknown>>): StoredAt | undefined {
  const [version, storePosition] = [countOf(streamversion), countOf(position)];
  if (!isIdText(stream) || version === undefined || storePosition === undefined) return undefined;
  return Object.freeze({ stream, streamVersion: version, position: storePosition });
}

function countOf(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^[1-9]\d{0,15}$/.test(text)) return undefined;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : undefined;
}
