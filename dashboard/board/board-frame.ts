import { bar } from '../pages/bar.ts';
import { mayAct } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import type { BoardFrame } from './server-adapter.ts';

/** Buttons of Bull Board, by its own words, that lead an operator to a refusal. */
const FOR_ADMINS = [
  'Empty',
  'Obliterate',
  'Add job',
  'Set concurrency',
  'Set rate limit',
  'Update Data',
  'Duplicate',
  'Reschedule',
  'Change priority',
  'Remove unprocessed children',
  'Remove scheduler',
  'Edit schedule',
];

/** What Bull Board's page gets of ours: the bar, and the names of what whoever looks may not press. */
export function boardFrame(base: string, viewer: Viewer | undefined): BoardFrame {
  const hidden = viewer === undefined || mayAct(viewer.role, 'admin') ? [] : FOR_ADMINS;
  return {
    head:
      `<link rel="stylesheet" href="${base}/assets/board.css" />` +
      `<script defer src="${base}/assets/board.js" data-hidden="${hidden.join(',')}"></script>`,
    bar: bar({ base, at: '/queues/', viewer }).markup,
  };
}
