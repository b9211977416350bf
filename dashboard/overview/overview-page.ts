import type { App } from '../../src/contracts/index.ts';
import type { RangeName } from '../../src/journal/index.ts';
import type { Pause } from '../../src/queue/index.ts';
import { LOOK_EVERY_MS, type Overview, type Work } from '../../src/standing/index.ts';
import { historyCharts } from '../history/history-view.ts';
import { actButton, acts } from '../pages/acts.ts';
import type { ShownViewer } from '../pages/bar.ts';
import { html, type Html } from '../pages/html.ts';
import { page } from '../pages/layout.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import type { OverviewReading } from './overview-reader.ts';
import { queueTable } from './queue-table.ts';
import { spaceTable } from './space-view.ts';
import { standingList } from './standing-list.ts';
import { strip } from './strip.ts';

/** What is the same for all who look. */
export interface OverviewAbout {
  /** Where the dashboard is mounted; empty for the root. */
  readonly base: string;
  readonly engine: string;
  readonly contracts: App['jobs'];
  /** Whether there is a page of the event store's projections. */
  readonly hasProjections: boolean;
  /** Whether alerts go anywhere: an admin may send one to see. */
  readonly testsAlerts: boolean;
}

export interface OverviewPart extends OverviewAbout, OverviewReading {
  readonly range: RangeName;
  readonly role: Role;
}

/** Without scripts, and where it cannot be followed, the page is loaded anew so often. */
const REFRESH_SECONDS = 10;

export function overviewPage(
  options: Omit<OverviewPart, 'role'> & { readonly viewer: ShownViewer & { readonly role: Role } },
): string {
  const { base, viewer, range } = options;
  const body = overviewPart({ ...options, role: viewer.role });
  return page({
    base,
    at: '/',
    title: 'Overview',
    body,
    viewer,
    refreshSeconds: REFRESH_SECONDS,
    follows: `/live?range=${range}`,
    wide: true,
  });
}

/** The main part of the page. */
export function overviewPart(options: OverviewPart): Html {
  const { base, engine, work, problems, hasProjections, testsAlerts, role } = options;
  return html`<h1>Overview</h1>
    ${problems.map(problem => html`<p class="problem" role="alert">${problem}</p>`)}
    ${work === undefined ? undefined : figures(options, work)}
    ${hasProjections ? html`<p><a href="${base}/projections">Projections of the event store</a></p>` : undefined}
    <p class="foot" data-age>Queues on ${engine}. Read every ${LOOK_EVERY_MS / 1_000} seconds.</p>
    ${
      work?.queues.some(({ isEstimate }) => isEstimate)
        ? html`<p class="foot">Of what there are more than 100,000, PostgreSQL's own estimate is shown.</p>`
        : undefined
    }
    ${testsAlerts && mayAct(role, 'admin') ? testAct(base) : undefined}
    ${mayAct(role, 'operator') ? html`<script defer src="${base}/assets/act.js"></script>` : undefined}`;
}

function figures({ base, role, flows, series, range, contracts }: OverviewPart, work: Work): Html {
  return html`${standingList(base, work, role)} ${strip(base, work, flows)}
  ${historyCharts({ base, path: '/', range, series })} ${queueTable({ base, work, flows, contracts })}
  ${pauseList(work)} ${spaceTable(work.space)}`;
}

function testAct(base: string): Html {
  const act = actButton({ path: `${base}/alerts/test`, what: {}, verb: 'Send', label: 'Send a test alert' });
  return acts(act);
}

/** The whole queues among them have their badge as well. */
function pauseList({ pauses = [] }: Overview): Html | undefined {
  if (pauses.length === 0) return undefined;
  return html`<h2>Paused</h2>
    <ul class="pauses">
      ${pauses.map(pause => html`<li>${pauseText(pause)}</li>`)}
    </ul>`;
}

function pauseText({ of, kind, by, reason }: Pause): string {
  const part = of.contract === undefined ? of.group && `group ${of.group}` : `contract ${of.contract}`;
  const what = part === undefined ? `the queue ${of.queue}` : `${part} of ${of.queue}`;
  const who = kind === 'breaker' ? 'by a breaker' : by === undefined ? 'by another program' : `by ${by}`;
  return `${what}, ${who}${reason === undefined ? '' : `: ${reason}`}`;
}
