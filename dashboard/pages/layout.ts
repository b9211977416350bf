import { bar, type BarOptions, type ShownViewer } from './bar.ts';
import { html, type Html } from './html.ts';

export interface PageOptions extends BarOptions {
  readonly title: string;
  readonly body: Html;
  readonly viewer?: ShownViewer;
  /** The main part is fetched anew so often; never when left out. */
  readonly refreshSeconds?: number;
  /** Where it is sent how things stand, below the base, while somebody sees it; it asks by itself where that fails. */
  readonly follows?: string;
  /** It has a table that needs the whole screen. */
  readonly wide?: boolean;
}

/** The frame of every page of ours. */
export function page({ base, at, title, body, viewer, refreshSeconds, follows, wide = false }: PageOptions): string {
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
        ${refresh} ${viewer === undefined ? undefined : html`<script defer src="${base}/assets/keys.js"></script>`}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the page</a>
        ${bar({ base, at, viewer })}
        <main
          id="main"
          tabindex="-1"
          class="${wide ? 'wide' : ''}"
          data-refresh="${refreshSeconds}"
          data-follow="${follows === undefined ? undefined : `${base}${follows}`}"
        >
          ${body}
        </main>
      </body>
    </html> `.markup;
}
