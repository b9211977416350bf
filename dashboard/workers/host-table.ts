import type { Fleet, FleetHost, WorkerPresence } from '../../src/runtime/index.ts';
import { age } from '../../src/time/index.ts';
import { actButton, acts } from '../pages/acts.ts';
import { folded, html, type Html } from '../pages/html.ts';
import { table } from '../pages/table.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';

/** A host may serve many queues: more names are folded up. */
const LISTED = 8;

export interface HostTableOptions {
  readonly base: string;
  readonly role: Role;
  readonly hosts: Fleet['hosts'];
  readonly now: number;
}

/** Each host with its processes below it: how loaded they are, and what an operator may want of them. */
export function hostTable(options: HostTableOptions): Html {
  return table({
    label: 'Hosts',
    texts: true,
    columns: ['Host', 'Up for', 'Running', 'Memory, lag', 'Clock', 'Queues', 'Act'],
    rows: options.hosts.flatMap(host => [
      hostRow(host, options),
      ...(host.workers ?? []).map(worker => processRow(worker, host, options)),
    ]),
  });
}

function hostRow(host: FleetHost, { base, role, now }: HostTableOptions): Html {
  const { name, pid, processes, startedAt, queues, clockMs, release, quietBy, workers } = host;
  const clockIsOff = Math.abs(clockMs ?? 0) >= CLOCK_BAD_MS;
  return html`<tr>
    <th scope="row">
      ${host.host}${quietBy === undefined ? undefined : html`<span class="badge warn">quiet by ${quietBy}</span>`}
      <small>supervisor ${pid}, ${processes === 1 ? '1 process' : `${processes} processes`}</small>
    </th>
    <td>
      ${age(Math.max(0, now - startedAt))}<small>${release === undefined ? 'no release' : `release ${release}`}</small>
    </td>
    <td>${load(total(workers, 'running'), total(workers, 'slots'))}</td>
    <td>${megabytes(total(workers, 'memoryMb'))}</td>
    <td class="${clockIsOff ? 'bad' : ''}">${clock(clockMs)}</td>
    <td class="wraps">
      ${queues.length <= LISTED ? queues.join(', ') : folded(`${queues.length} queues`, html`${queues.join(', ')}`)}
    </td>
    <td>
      ${
        workers === undefined
          ? html`<small>an older release: it takes no orders</small>`
          : orderActs(base, role, name, quietBy !== undefined)
      }
    </td>
  </tr>`;
}

function processRow(worker: WorkerPresence, { quietBy }: FleetHost, { base, role, now }: HostTableOptions): Html {
  const { name, pid, startedAt, running, slots, memoryMb, lagMs, quiet, answers } = worker;
  const state = answers ? (quiet && quietBy === undefined ? 'quiet' : undefined) : 'does not answer';
  return html`<tr class="part">
    <th scope="row">
      process
      ${pid}${state === undefined ? undefined : html`<span class="badge ${answers ? 'warn' : 'bad'}">${state}</span>`}
      <small>${name}</small>
    </th>
    <td>${age(Math.max(0, now - startedAt))}</td>
    <td>${load(running, slots)}</td>
    <td>
      ${megabytes(memoryMb)}<small class="${(lagMs ?? 0) >= LAG_BAD_MS ? 'warn' : ''}"
        >${lagMs === undefined ? 'no lag yet' : `${lagMs} ms late`}</small
      >
    </td>
    <td>–</td>
    <td>–</td>
    <td>${quietBy === undefined ? orderActs(base, role, name, quiet) : undefined}</td>
  </tr>`;
}

/** Operators let a host or a process take no new jobs, take them again, or end. */
function orderActs(base: string, role: Role, name: string, isQuiet: boolean): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const button = (verb: string, path: string): Html =>
    actButton({ path: `${base}/workers/${path}`, what: { name }, verb });
  return acts(isQuiet ? button('Resume', 'resume') : button('Quiet', 'quiet'), button('Stop', 'stop'));
}

/** From there on a start warns of it. */
const CLOCK_BAD_MS = 1_000;
const CLOCK_SAME_MS = 100;
/** Jobs of a process that is so late wait for each other. */
const LAG_BAD_MS = 200;

function clock(differenceMs: number | undefined): string {
  if (differenceMs === undefined) return 'not compared yet';
  if (Math.abs(differenceMs) < CLOCK_SAME_MS) return "the engine's";
  return `${(Math.abs(differenceMs) / 1_000).toFixed(1)} s ${differenceMs > 0 ? 'ahead' : 'behind'}`;
}

function total(workers: FleetHost['workers'], what: 'running' | 'slots' | 'memoryMb'): number | undefined {
  const known = workers?.flatMap(worker => worker[what] ?? []) ?? [];
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
}

function load(running: number | undefined, slots: number | undefined): string {
  return running === undefined || slots === undefined ? '–' : `${running} of ${slots}`;
}

function megabytes(count: number | undefined): string {
  return count === undefined ? '–' : `${count.toLocaleString('en-US')} MB`;
}
