import { type Command, parseCommand, visible, when } from '../../command/index.ts';
import {
  isOver,
  producerText,
  readJobDetails,
  readJobLog,
  shownJobId,
  type JobView,
  type WaitsFor,
} from '../../queue/index.ts';
import { pauseText } from './pause-text.ts';
import { withEngine } from '../../boot/engine/index.ts';

const LINES = 50;

export const job: Command = {
  usage: 'shiftwork job ID [--json]',
  details: [
    `Without its data, with its last ${LINES} log lines. ID is QUEUE/ID for a job of another program. Exit 1 when no such job is known.`,
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const { positionals, json } = parseCommand(args, {}, { min: 1, max: 1 }, ['app']);
    const [id = ''] = positionals;
    const { view, log } = await withEngine(terminal.variables, async engine => ({
      view: await readJobDetails(engine, id),
      log: await readJobLog(engine, id, LINES),
    }));
    if (view === undefined) {
      terminal.complain(`No job "${visible(id).slice(0, 200)}" is known: it never was, or it is past its retention.`);
      return 1;
    }
    if (json) {
      terminal.print(JSON.stringify({ ...view, log }));
      return 0;
    }
    const say = (label: string, value: unknown): void => terminal.print(`${label.padEnd(12)} ${visible(value)}`);
    terminal.print(`${visible(view.name)} in ${view.queue}: ${view.state}`);
    say('attempts', `${view.attemptsMade} of ${view.attempts}`);
    say('correlation', view.correlationId);
    if (view.tags.length > 0) say('tags', tagsText(view.tags));
    if (view.enqueuedBy !== undefined) say('enqueued by', view.enqueuedBy);
    if (view.producer !== undefined) say('enqueued in', producerText(view.producer));
    if (view.items !== undefined) say('items', itemsText(view.items));
    if (view.batch !== undefined) say('batch', view.batch);
    if (view.replayOf !== undefined) say('replay of', view.replayOf);
    if (view.parent !== undefined) say('parent', shownJobId(view.parent));
    if (view.children !== undefined) {
      const { open, succeeded, failed } = view.children;
      say('children', `${succeeded} succeeded, ${failed} failed, ${open} to come`);
    }
    say('enqueued', when(view.enqueuedAt));
    say('started', when(view.startedAt));
    say('finished', when(view.finishedAt));
    for (const [index, error] of view.errors.entries()) say(`error ${index + 1}`, error.split('\n', 1)[0]);
    if (view.waitsFor !== undefined) say('waits for', waitsForText(view.waitsFor));
    if (view.progress !== undefined) say('progress', short(view.progress));
    if (view.result !== undefined && view.result !== null) say('result', short(view.result));
    for (const line of log) say('log', line);
    if (view.deadReason !== undefined) say('dead', view.deadReason);
    if (isOver(view.state) && view.lastError !== undefined && view.state !== 'succeeded')
      say('ended with', view.lastError);
    return 0;
  },
};

/** On one line; `--json` has it whole. */
function short(value: unknown): string {
  const json = JSON.stringify(value) ?? '';
  return json.length <= 200 ? json : `${json.slice(0, 200)}... (--json has all)`;
}

function tagsText(tags: JobView['tags']): string {
  return tags.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(' ');
}

function itemsText({ count, done, retried, dead }: NonNullable<JobView['items']>): string {
  return done === undefined ? String(count) : `${count}: ${done} done, ${retried} came again, ${dead} dead`;
}

function waitsForText(waits: WaitsFor): string {
  switch (waits.for) {
    case 'time':
      return `its time, ${when(waits.until)}`;
    case 'release':
      return `a release that knows ${waits.unknown}, since ${when(waits.since)}`;
    case 'pause':
      return `the end of a pause of ${pauseText(waits)}`;
    case 'limit':
      if (waits.what !== undefined) return `the ${waits.what} limit of queue ${waits.of.queue}`;
      return `its group${waits.of.value === undefined ? '' : ` ${waits.of.value}`} under the limit "${waits.of.limit}" of queue ${waits.of.queue}`;
    case 'children':
      return 'its children';
  }
}
