import type { MailContent } from '../mailer.ts';
import { html } from './html.ts';
import { button, layout } from './layout.ts';

export interface PasswordResetView {
  readonly resetUrl: string;
  /** In words, such as `one hour`. */
  readonly life: string;
}

export function passwordResetMail({ resetUrl, life }: PasswordResetView): MailContent {
  return {
    subject: 'Reset your password',
    html: layout(
      'Reset your password',
      html`<p>Somebody, hopefully you, asked for a new password. The link works for ${life}.</p>
        ${button('Choose a new password', resetUrl)}
        <p style="color:#667085">If it was not you, do nothing: your password stays as it is.</p>`,
    ),
    text: `Reset your password\n\nSomebody, hopefully you, asked for a new password. The link works for ${life}:\n\n${resetUrl}\n\nIf it was not you, do nothing: your password stays as it is.\n`,
  };
}
