import { html, type Html } from './html.ts';

/** The frame of every mail: one column, readable without images, in dark and in light. */
export function layout(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
      </head>
      <body style="margin:0;padding:24px;background:#f4f4f1;color:#22252a;font:16px/1.5 system-ui,sans-serif">
        <div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:12px">
          <h1 style="margin:0 0 16px;font-size:22px">${title}</h1>
          ${body}
        </div>
      </body>
    </html>`.markup;
}

export function button(label: string, url: string): Html {
  return html`<p>
    <a
      href="${url}"
      style="display:inline-block;padding:12px 20px;background:#2457d6;color:#ffffff;border-radius:8px;text-decoration:none"
      >${label}</a
    >
  </p>`;
}
