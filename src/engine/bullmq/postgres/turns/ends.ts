import { memberEnd } from '../../../batches/index.ts';
import type { End, Failed, Keep, Succeeded } from '../../../turns/index.ts';
import { writeOptions } from './entries.ts';

/** Whole milliseconds, as BullMQ has them. */
function delayUntil(at: number, now: number): number {
  return Math.max(0, Math.ceil(at - now));
}

/**
 * An end as `shiftwork_settle` reads it, as JSON. Results, data and progress are JSON already and stand in it as they are: what is no
 * JSON, or what PostgreSQL cannot hold (`\u0000`), fails the statement that brings it.
 */
export function writeEnd({ jobId, token, end }: End, now: number): string {
  const head = `{"id":${JSON.stringify(jobId)},"token":${JSON.stringify(token)}`;
  switch (end.what) {
    case 'succeeded':
      return `${head},"kind":"completed","value":${end.result}${keepOf(end.keep)}${keyOf(end)}${notesOf(end)}${memberOf(jobId, end)}}`;
    case 'cancelled':
    case 'expired':
    case 'dead':
      return `${head},"kind":"failed"${failureOf(end)}${keepOf(end.keep)}${keyOf(end)}${notesOf(end)}${memberOf(jobId, end)}}`;
    case 'retry': {
      const delay = delayUntil(end.at, now);
      const place =
        delay > 0 ? `"kind":"delayed","at":${now + delay},"delay":${delay}` : `"kind":"waiting","lifo":${end.lifo}`;
      return `${head},${place}${failureOf(end)}${notesOf(end)}}`;
    }
    case 'snoozed': {
      const delay = delayUntil(end.until, now);
      return `${head},"kind":"delayed","at":${now + delay},"delay":${delay},"skip":true${notesOf(end)}}`;
    }
    case 'handed-back':
      return end.opts === undefined
        ? `${head},"kind":"back"}`
        : `${head},"kind":"back","opts":${writeOptions(end.opts)}}`;
  }
}

/** With a count of 0 BullMQ's PostgreSQL would remove every other finished job too; on Redis only this one goes, and so here. */
function keepOf({ age, count }: Keep): string {
  if (count === 0) return ',"remove":true';
  return `${age === undefined ? '' : `,"age":${age}`}${count === undefined ? '' : `,"count":${count}`}`;
}

function keyOf({ key }: Succeeded | Failed): string {
  if (key === undefined) return '';
  const { id } = key;
  return `,"key":${JSON.stringify(key.kind === 'held' ? { id } : { id, for: key.forMs, data: key.data })}`;
}

function memberOf(jobId: string, end: Succeeded | Failed): string {
  const member = memberEnd(jobId, end);
  if (member === undefined) return '';
  return `,"batch":${JSON.stringify(member.batchId)},"became":"${member.state}","ended":${member.at}`;
}

function failureOf({ failure }: Extract<End['end'], { failure: unknown }>): string {
  return `,"reason":${JSON.stringify(failure.message)},"stack":${JSON.stringify(failure.stacktrace)}`;
}

function notesOf(end: Exclude<End['end'], { what: 'handed-back' }>): string {
  const progress = end.what === 'snoozed' ? end.progress : undefined;
  const { line, data } = end;
  return (
    (line === undefined ? '' : `,"line":${JSON.stringify(line.text)},"lines":${line.keep ?? 'null'}`) +
    (data === undefined ? '' : `,"data":${data}`) +
    (progress === undefined ? '' : `,"progress":${progress}`) +
    (end.what !== 'succeeded' || end.keptMs === undefined ? '' : `,"kept":${end.keptMs}`)
  );
}
