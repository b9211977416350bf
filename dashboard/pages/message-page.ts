import { html } from './html.ts';
import { page } from './layout.ts';

export interface MessagePageOptions {
  readonly base: string;
  readonly title: string;
  readonly message: string;
  readonly refreshSeconds?: number;
}

/** One thing said, with the way back. */
export function messagePage({ base, title, message, refreshSeconds }: MessagePageOptions): string {
  const body = html`<section class="card narrow">
    <h1>${title}</h1>
    <p>${message}</p>
    <p><a href="${base}/">Back to the overview</a></p>
  </section>`;
  return page({ base, title, body, ...(refreshSeconds === undefined ? {} : { refreshSeconds }) });
}
