import { setTimeout as pause } from 'node:timers/promises';
import { RENEWS_HEADER } from '../../dashboard/live/shared-looks.ts';

const TABS = 20;
const FOLLOW_MS = 60_000;
/** Of all tabs, those of a job each: no two show the same. */
const OF_JOBS = 10;
const OTHERS = ['/', '/workers', '/running', '/schedules', '/scaling'];

/** What one tab does: it loads its page, and renews it as the page's script does until the time is over. */
async function tab(url: string, path: string, until: AbortSignal): Promise<void> {
  const answer = await fetch(`${url}${path}`, { headers: { accept: 'text/html' }, signal: until });
  const text = await answer.text();
  const follows = /data-follow="([^"]+)"/.exec(text)?.[1];
  if (follows !== undefined) {
    const { body } = await fetch(`${url}${follows.replaceAll('&amp;', '&')}`, { signal: until });
    for await (const _ of body ?? []);
    return;
  }
  const seconds = Number(/data-refresh="(\d+)"/.exec(text)?.[1]);
  if (!answer.ok || !(seconds > 0)) throw new Error(`Expected ${path} to renew itself, got ${answer.status}.`);
  for (;;) {
    await pause(seconds * 1_000, undefined, { signal: until });
    const headers = { accept: 'text/html', [RENEWS_HEADER]: 'yes' };
    await (await fetch(`${url}${path}`, { headers, signal: until })).text();
  }
}

/** Keeps twenty tabs open for a minute, spread over the pages that renew themselves: ten jobs that wait, and two of each other. Answers how many there were. */
export async function keepTabsOpen(url: string): Promise<{ readonly tabs: number; readonly ms: number }> {
  const list = await (await fetch(`${url}/jobs?state=waiting`, { headers: { accept: 'text/html' } })).text();
  const jobs = [...new Set(list.match(/\/jobs\/[\w-]+-0[\w-]+(?=")/g))].slice(0, OF_JOBS);
  const paths = [...jobs, ...Array.from({ length: TABS - jobs.length }, (_, n) => OTHERS[n % OTHERS.length] ?? '/')];
  const from = performance.now();
  const until = AbortSignal.timeout(FOLLOW_MS);
  const tabs = paths.map(path => tab(url, path, until));
  for (const end of await Promise.allSettled(tabs))
    if (end.status === 'rejected' && !isOver(end.reason)) throw end.reason;
  return { tabs: tabs.length, ms: performance.now() - from };
}

/** Whether it ended because its time was over. */
function isOver(reason: unknown): boolean {
  return reason instanceof Error && (reason.name === 'TimeoutError' || reason.name === 'AbortError');
}
