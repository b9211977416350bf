import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';
import type { AuditEntry, AuditPart } from '../../src/audit/index.ts';

export interface AuditPageOptions extends Pick<PageOptions, 'base'>, AuditPart {
  readonly viewer: NonNullable<PageOptions['viewer']>;
  readonly before: string | undefined;
}

/** Who did what, on what, to how many, and what came of it. */
export function auditPage({ base, viewer, entries, next, before }: AuditPageOptions): string {
  const body = html`<h1>Audit</h1>
    ${
      entries.length === 0
        ? html`<p class="notice">
            Nothing yet. Here stands whatever people do on this dashboard and by the command line, and what they were
            refused: who, what, on which jobs, how many, and what came of it.
          </p>`
        : table({
            label: 'What people did',
            texts: true,
            columns: ['When', 'Who', 'What', 'Came of it', 'How many', 'From'],
            rows: entries.map(row),
          })
    }
    ${next === undefined ? undefined : html`<p><a href="${base}/audit?before=${next}">Earlier</a></p>`}
    ${before === undefined ? undefined : html`<p><a href="${base}/audit">The latest</a></p>`}
    <p class="foot">Kept for 90 days. The same as JSON: ask with <code>Accept: application/json</code>.</p>`;
  return page({ base, at: '/audit', title: 'Audit', body, viewer });
}

function row({ at, user, role, outcome, client, ...entry }: AuditEntry): Html {
  const { what, on, matched, done, skipped, reason } = entry.detail ?? boardDetail(entry);
  const count = done === undefined ? '–' : `${done} of ${matched ?? done}${skipped ? `, ${skipped} skipped` : ''}`;
  return html`<tr>
    <th scope="row">${time(at)}</th>
    <td>${user ?? 'nobody'} <small>${role}</small></td>
    <td class="wraps">${what}${on && html`<small>${on}</small>`}${reason && html`<small>Reason: ${reason}</small>`}</td>
    <td class="${outcome === 'done' || outcome === 'begun' ? '' : 'warn'}">${outcome}</td>
    <td>${count}</td>
    <td>${client}</td>
  </tr>`;
}

/** What was done on Bull Board is in its path: `/queues/api/queues/email/pause`. */
function boardDetail({ method, path }: Pick<AuditEntry, 'method' | 'path'>): NonNullable<AuditEntry['detail']> {
  return { what: `${method} ${path}` };
}
