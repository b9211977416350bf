import type { MailContent } from '../mailer.ts';
import { html } from './html.ts';
import { button, layout } from './layout.ts';

export function welcome({ name, appUrl }: { readonly name: string; readonly appUrl: string }): MailContent {
  return {
    subject: `Welcome, ${name}`,
    html: layout(
      `Welcome, ${name}`,
      html`<p>Your account is ready. We are glad that you are here.</p>
        ${button('Open the shop', appUrl)}`,
    ),
    text: `Welcome, ${name}\n\nYour account is ready. We are glad that you are here.\n\nOpen the shop: ${appUrl}\n`,
  };
}
