/** One entry of the stream of events. */
export interface StreamEntry {
  readonly id: string;
  readonly type: string;
  readonly text: string;
  /** The only group that is meant; undefined: everybody. A dead letter that is replayed has one. */
  readonly only: string | undefined;
  /** How often the event was delivered as another entry, which was trimmed; 0 for nearly all. */
  readonly spent: number;
}

/** What XRANGE answers, and XREADGROUP for one stream: entries that are still there. */
export function readEntries(reply: unknown): readonly StreamEntry[] {
  const entries: StreamEntry[] = [];
  for (const entry of Array.isArray(reply) ? (reply as unknown[]) : []) {
    const [id, fields]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof id === 'string' && Array.isArray(fields)) entries.push(entryOf(id, fields));
  }
  return entries;
}

/** Without a map in between: it cost as much as all the rest of reading an entry. */
function entryOf(id: string, fields: readonly unknown[]): StreamEntry {
  let type = '';
  let text = '';
  let only: string | undefined;
  let spent = 0;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const value = String(fields[index + 1]);
    if (fields[index] === 'type') type = value;
    else if (fields[index] === 'event') text = value;
    else if (fields[index] === 'only') only = value;
    else if (fields[index] === 'spent' && /^\d{1,9}$/.test(value)) spent = Number(value);
  }
  return { id, type, text, only, spent };
}

/** What XREAD and XREADGROUP answer for the one stream that was asked for. */
export function readStreamReply(reply: unknown): readonly StreamEntry[] {
  const [stream]: unknown[] = Array.isArray(reply) ? reply : [];
  return Array.isArray(stream) ? readEntries(stream[1]) : [];
}

/** `[name, value, name, value]` */
export function pairs(list: readonly unknown[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let index = 0; index + 1 < list.length; index += 2) map.set(String(list[index]), String(list[index + 1]));
  return map;
}
