import type { ParkedEvent, ProjectionStatus } from '../../src/event-store/index.ts';
import { age } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';

/** What the page shows of an event store. */
export interface ProjectionsView {
  status(): Promise<readonly ProjectionStatus[]>;
  /** The dead letters of one. */
  parked(name: string, limit: number): Promise<readonly ParkedEvent[]>;
}

export interface ProjectionsPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']>;
  readonly status: readonly ProjectionStatus[];
  readonly parked: readonly ParkedEvent[];
}

export const REFRESH_SECONDS = 5;
const LATE_MS = 60_000;

/** How far each read model is, which stand still and why, and what was set aside. */
export function projectionsPage({ base, viewer, status, parked }: ProjectionsPageOptions): string {
  const body = html`<h1>Projections</h1>
    ${status
      .filter(({ stoppedAt }) => stoppedAt !== undefined)
      .map(
        ({ name, stoppedAt, stoppedBecause }) =>
          html`<p class="problem" role="alert">
            ${name} stands still at position ${stoppedAt}: ${stoppedBecause}. Mend it, then: shiftwork projections
            resume ${name}
          </p>`,
      )}
    ${status
      .filter(({ needsRebuild }) => needsRebuild)
      .map(
        ({ name }) =>
          html`<p class="problem" role="alert">
            ${name} has tables of another shape than this release wants, so this release does not write them. Once it
            runs everywhere: shiftwork projections rebuild ${name}
          </p>`,
      )}
    ${status.length === 0 ? html`<p class="notice">There are none yet: shiftwork migrate makes them.</p>` : projectionTable(status)}
    <h2>Dead letters</h2>
    ${parked.length === 0 ? html`<p class="notice">None.</p>` : parkedTable(parked)}
    <p class="foot" data-age>
      Renewed every ${REFRESH_SECONDS} seconds. Again, in order: shiftwork projections retry NAME.
    </p>`;
  return page({ base, at: '/', title: 'Projections', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function projectionTable(status: readonly ProjectionStatus[]): Html {
  return table({
    label: 'Projections',
    columns: ['Projection', 'Position', 'Behind', 'Oldest', 'Dead letters', 'Rebuild at', 'Run by'],
    rows: status.map(
      ({ name, position, lagEvents, lagMs, parked, rebuilding, owner }) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${position}</td>
          <td class="${lagMs >= LATE_MS ? 'bad' : ''}">${lagEvents}</td>
          <td class="${lagMs >= LATE_MS ? 'bad' : ''}">${lagEvents === 0 ? '–' : age(lagMs)}</td>
          <td class="${parked > 0 ? 'bad' : ''}">${parked}</td>
          <td>${rebuilding ?? '–'}</td>
          <td class="${owner === undefined ? 'bad' : ''}">${owner ?? 'nobody'}</td>
        </tr>`,
    ),
  });
}

function parkedTable(parked: readonly ParkedEvent[]): Html {
  return table({
    label: 'Dead letters',
    columns: ['Projection', 'Position', 'Stream', 'Why', 'Since'],
    rows: parked.map(
      ({ projection, position, stream, error, parkedAt }) =>
        html`<tr>
          <th scope="row">${projection}</th>
          <td>${position}</td>
          <td>${stream}</td>
          <td>${error ?? 'waits behind an earlier one of its stream'}</td>
          <td>${parkedAt.toISOString()}</td>
        </tr>`,
    ),
  });
}
