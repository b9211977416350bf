import { unfinishedIn } from '../../queue/index.ts';
import { MOST_NOTED, type FleetHost } from '../../runtime/index.ts';
import { age } from '../../time/index.ts';
import type { Condition } from './condition.ts';
import { filling } from '../space/filling.ts';
import { LOST_MS } from '../work/standing.ts';
import type { Work } from '../work/work.ts';

const LATE_MS = 60_000;
const NAMES_SHOWN = 5;
const STUCK_MS = 10 * 60_000;
/** A cause that has struck within so long goes on. */
const FRESH_MS = 15 * 60_000;
/** A deploy is news for a day. */
const DEPLOYED_MS = 24 * 60 * 60_000;
const MOST_CAUSES = 3;
/** A host's clock that differs by less is none to set. */
const CLOCK_MS = 1_000;

/** Each looks for one kind of condition, the gravest first. */
const RULES: readonly ((work: Work) => readonly Condition[])[] = [
  withoutKeys,
  stopped,
  filling,
  lost,
  missed,
  unreadable,
  late,
  sick,
  failing,
  leftBehind,
  clocks,
  pausedByPeople,
  quietHosts,
];

/** What is wrong, those that need a person first. */
export function conditionsOf(work: Work): readonly Condition[] {
  const found = RULES.flatMap(rule => rule(work));
  return [...found.filter(({ needsYou }) => needsYou), ...found.filter(({ needsYou }) => !needsYou)];
}

/** Nothing of such a contract begins, and only a person can give a key back. */
function withoutKeys({ pauses = [], queues }: Work): readonly Condition[] {
  return pauses
    .filter(({ kind }) => kind === 'key')
    .map(({ of: { queue, contract = 'a contract' }, keyId = '', reason = '' }) => ({
      kind: 'stopped',
      about: `${queue}/${contract} without ${keyId}`,
      size: Math.max(1, heldOf(queues, queue)),
      needsYou: true,
      text: `${contract} is paused: workers lack the key "${keyId}" of PAYLOAD_KEYS, with which its data is encrypted.${heldText(queues, queue)} No attempt is spent. ${reason}.`,
      link: { path: '/workers', label: 'Workers' },
    }));
}

function stopped({ queues, workers, hosts }: Work): readonly Condition[] {
  const idle = queues.filter(queue => queue.workers === 0 && !queue.paused);
  const due = idle.reduce((sum, { waiting }) => sum + waiting, 0);
  const link = { path: '/workers', label: 'Workers' };
  if (workers === 0) {
    const nobody = hosts.some(isQuiet) ? 'Every worker is quiet' : 'No worker is alive';
    const text = `${nobody}. ${due === 0 ? 'Nothing is due yet.' : `${amount(due, 'job')} ${due === 1 ? 'is' : 'are'} due.`}`;
    return [{ kind: 'stopped', about: 'all', size: Math.max(1, due), needsYou: due > 0, text, link }];
  }
  return idle.map(({ name, waiting }) => ({
    kind: 'stopped',
    about: name,
    size: Math.max(1, waiting),
    needsYou: waiting > 0,
    text: `${hosts.some(host => isQuiet(host) && host.queues.includes(name)) ? `Every worker of ${name} is quiet` : `No worker serves ${name}`}. ${waiting === 0 ? 'Nothing is due there yet.' : `${amount(waiting, 'job')} ${waiting === 1 ? 'is' : 'are'} due.`}`,
    link,
  }));
}

function lost({ gone, hosts, now }: Work): readonly Condition[] {
  return gone
    .filter(({ how, goneAt }) => how === 'lost' && now - goneAt < LOST_MS)
    .map(({ name, host, pid, processes, goneAt }) => {
      const replaced = hosts.some(({ startedAt }) => startedAt >= goneAt);
      return {
        kind: 'lost',
        about: name,
        size: 1,
        needsYou: !replaced,
        text: `The host ${host} (${pid}) was lost ${ago(goneAt, now)}, with ${amount(processes, 'process', 'processes')}. What it ran goes back to its queues by itself. ${replaced ? 'Another one has come since.' : 'None has come in its place.'}`,
        link: { path: '/workers', label: 'Workers' },
      };
    });
}

function missed({ overdue, now }: Work): readonly Condition[] {
  return overdue.map(({ schedule, slotAt, late }) => ({
    kind: 'missed',
    about: schedule,
    size: late ?? 1,
    needsYou: true,
    text: `${late === undefined ? `The schedule ${schedule} did not run: its slot` : `${amount(late, 'schedule', 'schedules')} made at run time did not run: the first slot`} was due ${ago(slotAt, now)}. Schedules go on while a worker host is alive.`,
    link: { path: '/schedules', label: 'Schedules' },
  }));
}

/** Those that were made at run time and make no jobs until a person sees to them. */
function unreadable({ unreadable: names = [] }: Work): readonly Condition[] {
  if (names.length === 0) return [];
  const many = names.length < MOST_NOTED ? amount(names.length, 'schedule') : `${names.length} schedules or more`;
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  const others = names.length > NAMES_SHOWN ? ' and others' : '';
  return [
    {
      kind: 'missed',
      about: 'records that cannot be read',
      size: names.length,
      needsYou: true,
      text: `${many} made at run time cannot be read and ${names.length === 1 ? 'makes no job' : 'make no jobs'}: ${shown}${others}. Make ${names.length === 1 ? 'it anew, or remove it' : 'them anew, or remove them'}: shiftwork schedules remove NAME.`,
      link: { path: '/schedules', label: 'Schedules' },
    },
  ];
}

function clocks({ hosts }: Work): readonly Condition[] {
  return hosts
    .filter(({ clockMs = 0 }) => Math.abs(clockMs) >= CLOCK_MS)
    .map(({ name, host, pid, clockMs = 0 }) => ({
      kind: 'clock',
      about: name,
      size: 1,
      needsYou: true,
      text: `The clock of the host ${host} (${pid}) is ${age(Math.abs(clockMs))} ${clockMs > 0 ? 'ahead of' : 'behind'} the engine's. Work goes on by the engine's.`,
      link: { path: '/workers', label: 'Workers' },
    }));
}

function late({ queues }: Work): readonly Condition[] {
  return queues.flatMap(({ name, oldestDueMs, waiting, workers, paused }): readonly Condition[] => {
    if (oldestDueMs === undefined || oldestDueMs < LATE_MS || workers === 0 || paused) return [];
    return [
      {
        kind: 'late',
        about: name,
        size: waiting,
        needsYou: oldestDueMs >= STUCK_MS,
        text: `${name} is late: its oldest job has been due for ${age(oldestDueMs)}, ${amount(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'}. More processes help where the ones that are there are busy.`,
        link: { path: '/scaling', label: 'How many processes' },
      },
    ];
  });
}

function sick({ paused, queues, now }: Work): readonly Condition[] {
  return paused.map(({ key, phase, until, openings, why, since }) => {
    const [queue = key, destination = ''] = key.split('/');
    const tries = Math.max(0, openings - 1);
    const long = since === undefined ? '' : `, sick for ${age(Math.max(0, now - since))}`;
    const after =
      tries === 0 ? '' : `${long === '' ? '' : ','} after ${tries === 1 ? 'one failed try' : `${tries} failed tries`}`;
    const next =
      phase === 'probing'
        ? 'One job finds out now whether it is back.'
        : `Next try ${until > now ? `in ${age(until - now)}` : 'now'}.`;
    return {
      kind: 'sick',
      about: key,
      size: Math.max(1, heldOf(queues, queue)),
      needsYou: false,
      text: `${queue} waits for ${destination}${long}${after}${why === undefined ? '' : `: ${why.replace(/\.$/, '')}`}.${heldText(queues, queue)} No attempt is spent. ${next}`,
      link: { path: '/workers', label: 'Destinations' },
      ...(phase === 'open' && { tries: key }),
    };
  });
}

/** Of the whole queue: what its limits keep is among them. */
function heldText(queues: Work['queues'], name: string): string {
  const { held = 0, oldestHeldMs } = queues.find(queue => queue.name === name) ?? {};
  const since = oldestHeldMs === undefined ? '' : `, ${held === 1 ? 'due for' : 'the oldest for'} ${age(oldestHeldMs)}`;
  return held === 0 ? '' : ` ${amount(held, 'job')} of the queue ${held === 1 ? 'is' : 'are'} held${since}.`;
}

function heldOf(queues: Work['queues'], name: string): number {
  return queues.find(queue => queue.name === name)?.held ?? 0;
}

/** A cause that has struck first since the last deploy is told as new: the release is the first that one thinks of. */
function failing({ causes, hosts, now }: Work): readonly Condition[] {
  const deploy = lastDeploy(hosts, now);
  const fresh = causes.filter(({ lastEndedAt }) => lastEndedAt !== undefined && now - lastEndedAt < FRESH_MS);
  return fresh
    .toSorted((a, b) => b.count - a.count)
    .slice(0, MOST_CAUSES)
    .map(({ name, reason, count, firstEndedAt, lastEndedAt, fingerprint }) => {
      const isNew = deploy !== undefined && firstEndedAt !== undefined && firstEndedAt >= deploy.at;
      const since = isNew
        ? `new since release ${deploy.release} (${ago(deploy.at, now)})`
        : `first ${ago(firstEndedAt, now)}`;
      return {
        kind: isNew ? 'new' : 'failing',
        about: fingerprint,
        size: count,
        needsYou: true,
        text: `${name}: ${amount(count, 'dead letter')} of one cause, ${since}, last ${ago(lastEndedAt, now)}: ${firstLine(reason)}`,
        link: { path: `/dead-letters?cause=${encodeURIComponent(fingerprint)}`, label: 'The cause' },
      };
    });
}

/** The release of the youngest host, since its first host of those that live came; undefined where it says none, or that is long ago. */
function lastDeploy(hosts: Work['hosts'], now: number): { readonly release: string; readonly at: number } | undefined {
  const release = hosts.toSorted((a, b) => b.startedAt - a.startedAt)[0]?.release;
  if (release === undefined) return undefined;
  const at = Math.min(...hosts.flatMap(host => (host.release === release ? [host.startedAt] : [])));
  return now - at < DEPLOYED_MS ? { release, at } : undefined;
}

function leftBehind({ unnamed }: Work): readonly Condition[] {
  return unnamed
    .filter(queue => unfinishedIn(queue) > 0)
    .map(queue => ({
      kind: 'left behind',
      about: queue.name,
      size: unfinishedIn(queue),
      needsYou: true,
      text: `No contract names the queue ${queue.name}: nobody runs its ${amount(unfinishedIn(queue), 'job')}.`,
      link: { path: '/workers', label: 'Queues without a contract' },
    }));
}

function pausedByPeople({ queues }: Work): readonly Condition[] {
  return queues
    .filter(({ paused }) => paused)
    .map(({ name, waiting }) => ({
      kind: 'paused',
      about: name,
      size: Math.max(1, waiting),
      needsYou: false,
      text: `${name} is paused. ${amount(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'} until somebody resumes it.`,
      link: { path: `/queues/queue/${encodeURIComponent(name)}`, label: 'The queue' },
    }));
}

/** Hosts of which people let all processes or some take no new jobs. */
function quietHosts({ hosts }: Work): readonly Condition[] {
  return hosts.filter(isQuiet).map(({ name, host, pid, workers = [], quietBy }) => {
    const quiet = workers.filter(worker => worker.quiet).length;
    const what = quietBy === undefined ? `${amount(quiet, 'process', 'processes')} of the host` : 'The host';
    return {
      kind: 'paused',
      about: name,
      size: 1,
      needsYou: false,
      text: `${what} ${host} (${pid}) ${quietBy === undefined && quiet > 1 ? 'are' : 'is'} quiet${quietBy === undefined ? '' : ` by ${quietBy}`}: no new jobs are taken there until somebody resumes it.`,
      link: { path: '/workers', label: 'Workers' },
    };
  });
}

function isQuiet({ quietBy, workers = [] }: FleetHost): boolean {
  return quietBy !== undefined || workers.some(({ quiet }) => quiet);
}

const MOST_TEXT = 160;

function firstLine(reason: string): string {
  const [line = ''] = reason.split('\n');
  return line.length > MOST_TEXT ? `${line.slice(0, MOST_TEXT)}…` : line;
}

function ago(at: number | undefined, now: number): string {
  return at === undefined ? 'at an unknown time' : `${age(Math.max(0, now - at))} ago`;
}

function amount(count: number, thing: string, things = `${thing}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? thing : things}`;
}
