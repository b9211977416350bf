import { expect, test } from 'vitest';
import type { Mark } from '../../src/journal/index.ts';
import { unreadJob } from '../../tests/support/unread-job.ts';
import type { ReadJob } from './read-job.ts';
import { storyOf } from './story.ts';

const AT = Date.UTC(2026, 10, 29);

function jobWith(id: string, marks: readonly Mark[]): ReadJob {
  return { ...unreadJob(id), marks };
}

/** Of an id of ours, and of one that another program has given. */
test.each([
  ['email-0mwtkts1d0000raf4nk6-abcdefghij', 'email-0mwtkts1d0000raf4nk6-abcdefghij'],
  ['email/17', '17'],
])('what people did to other jobs is none of the story of %s', (shown, id) => {
  const action = (text: string, queue: string | undefined, part?: string): Mark => ({
    kind: 'action',
    at: AT,
    text,
    queue,
    part,
  });
  const story = storyOf(
    jobWith(shown, [
      action('its own', 'email', `id/${id}`),
      action('of another one', 'email', 'id/18'),
      action('of its queue', 'email'),
      action('of another queue', 'analytics'),
      action('of no queue', undefined),
      { kind: 'deploy', at: AT, text: 'a deploy' },
      { kind: 'sick', at: AT, text: 'its destination', queue: 'email', part: 'smtp' },
    ]),
    AT,
  );
  expect(story.map(({ text }) => text)).toEqual(['its own', 'of its queue', 'a deploy', 'its destination']);
});
