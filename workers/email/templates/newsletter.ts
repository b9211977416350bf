import type { MailContent } from '../mailer.ts';
import { html } from './html.ts';
import { button, layout } from './layout.ts';

export function newsletter({ title, appUrl }: { readonly title: string; readonly appUrl: string }): MailContent {
  return {
    subject: title,
    html: layout(
      title,
      html`<p>This is what is new in the shop.</p>
        ${button('Open the shop', appUrl)}`,
    ),
    text: `${title}\n\nThis is what is new in the shop.\n\nOpen the shop: ${appUrl}\n`,
  };
}
