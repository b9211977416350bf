import type { EventRequest } from '../../contracts/index.ts';
import type { StoreParts } from '../store-parts.ts';
import type { EventRow } from '../read/read-event.ts';
import type { PreparedEvent } from '../append/prepare-event.ts';
import type { Sql } from '../schema/sql.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/**
 * What every reader will be given of events that were prepared for these streams, behind the version that each has: read from what is about to be
 * written, by the code that reads what was written. Their positions are drawn by the append; until then they stand at 0.
 */
export async function recordedAs(
  store: StoreParts,
  appends: readonly { readonly stream: string; readonly events: readonly EventRequest[]; readonly version: number }[],
  prepared: readonly PreparedEvent[],
  tx: Sql | undefined,
): Promise<readonly StoredEvent[]> {
  const recorded: StoredEvent[] = [];
  for (const { stream, events, version } of appends) {
    for (const nth of events.keys()) {
      const event = prepared[recorded.length];
      if (event === undefined) break;
      const read = store.reader.interpret(rowOf(event, stream, version + nth + 1), tx);
      recorded.push(read instanceof Promise ? await read : read);
    }
  }
  return recorded;
}

function rowOf(event: PreparedEvent, stream: string, version: number): EventRow {
  const { id, contract, payload, dates, time, metadata, subject, encrypted } = event;
  return [
    0,
    stream,
    version,
    id,
    contract.name,
    contract.version,
    payload,
    dates,
    new Date(time),
    metadata,
    subject,
    encrypted,
  ];
}
