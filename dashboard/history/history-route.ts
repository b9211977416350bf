import type { Request, RequestHandler } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { readSeries, type JournalStore, type RangeName, type Series } from '../../src/journal/index.ts';
import { folded, html, type Html } from '../pages/html.ts';
import { page } from '../pages/layout.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { historyCharts, historyTables, rangeIn } from './history-view.ts';

export interface HistoryRouteOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly journal: () => Promise<JournalStore>;
  readonly viewerOf: (request: Request) => Viewer;
}

/** More names would push the charts off the screen. */
const LISTED = 12;

/** `/history`: the charts of the overview with the tables behind them, of everything, a queue or a contract. */
export function historyRoute({ base, app, engine, journal, viewerOf }: HistoryRouteOptions): RequestHandler {
  return async (request, response) => {
    const { range: asked, queue, contract } = request.query;
    const range = rangeIn(asked);
    const of = {
      queue: typeof queue === 'string' && app.queues.has(queue) ? queue : undefined,
      contract: typeof contract === 'string' && app.jobs.has(contract) ? contract : undefined,
    };
    const series = await seriesOf(journal, range, engine.clock.now(), of);
    const options = { base, path: '/history', range, series, ...of };
    const what = of.contract ?? of.queue;
    const title = what === undefined ? 'History' : `History of ${what}`;
    const names = [...app.queues.keys()];
    const links = html`<nav class="ranges" aria-label="Queue">
      ${link(`${base}/history?range=${range}`, 'all', what === undefined)}
      ${names.map(name => link(`${base}/history?range=${range}&queue=${encodeURIComponent(name)}`, name, name === what))}
    </nav>`;
    const body = html`<h1>${title}</h1>
      ${names.length <= LISTED ? links : folded(`One of the ${names.length} queues`, links)} ${historyCharts(options)}
      ${historyTables(options)}`;
    response.type('html').send(page({ base, at: '/', title, body, viewer: viewerOf(request), wide: true }));
  };
}

function link(to: string, text: string, isHere: boolean): Html {
  return isHere ? html`<a href="${to}" aria-current="true">${text}</a>` : html`<a href="${to}">${text}</a>`;
}

/** Undefined where the journal cannot be read. */
export async function seriesOf(
  journal: () => Promise<JournalStore>,
  range: RangeName,
  now: number,
  of: { readonly queue?: string | undefined; readonly contract?: string | undefined } = {},
): Promise<Series | undefined> {
  try {
    return await readSeries(await journal(), range, now, of);
  } catch {
    return undefined;
  }
}
