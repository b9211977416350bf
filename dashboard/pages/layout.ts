import { html, type Html } from './html.ts';

export interface PageOptions {
  /** Where the dashboard is mounted; empty for the root. */
  readonly base: string;
  readonly title: string;
  readonly body: Html;
  /** Who is signed in, with what signing out must carry. */
  readonly viewer?: { readonly name: string; readonly role: string; readonly formToken: string | undefined };
  /** The main part is fetched anew so often; never when left out. */
  readonly refreshSeconds?: number;
}

/** The frame of every page of ours. */
export function page({ base, title, body, viewer, refreshSeconds }: PageOptions): string {
  const refresh =
    refreshSeconds === undefined
      ? undefined
      : html`<script defer src="${base}/assets/refresh.js"></script>
          <noscript><meta http-equiv="refresh" content="${refreshSeconds}" /></noscript>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Shiftwork</title>
        <link rel="icon" type="image/svg+xml" href="${base}/assets/icon.svg" />
        <link rel="stylesheet" href="${base}/assets/dashboard.css" />
        ${refresh}
      </head>
      <body>
        <header class="top">
          <a class="brand" href="${base}/"
            ><img src="${base}/assets/icon.svg" alt="" width="24" height="24" />Shiftwork</a
          >
          ${viewer === undefined ? undefined : navigation(base, viewer)}
        </header>
        <main data-refresh="${refreshSeconds}">${body}</main>
      </body>
    </html> `.markup;
}

function navigation(base: string, viewer: NonNullable<PageOptions['viewer']>): Html {
  const leave =
    viewer.formToken === undefined
      ? undefined
      : html`<form method="post" action="${base}/sign-out">
          <input type="hidden" name="token" value="${viewer.formToken}" /><button class="quiet">Sign out</button>
        </form>`;
  return html`<nav aria-label="Dashboard">
      <a href="${base}/">Overview</a><a href="${base}/queues/">Queues</a><a href="${base}/running">Running</a
      ><a href="${base}/dead-letters">Dead letters</a><a href="${base}/workers">Workers</a>
    </nav>
    <div class="who">
      <span>${viewer.name} <small>${viewer.role}</small></span
      >${leave}
    </div>`;
}
