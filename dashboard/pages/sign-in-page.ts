import { html } from './html.ts';
import { page } from './layout.ts';

export interface SignInPageOptions {
  readonly base: string;
  readonly token: string;
  /** Where to go afterwards, inside the dashboard. */
  readonly next: string;
  readonly name?: string;
  readonly problem?: string;
}

export function signInPage({ base, token, next, name = '', problem }: SignInPageOptions): string {
  const body = html`<section class="card narrow">
    <h1>Sign in</h1>
    ${problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`}
    <form method="post" action="${base}/sign-in" class="stack">
      <input type="hidden" name="token" value="${token}" />
      <input type="hidden" name="next" value="${next}" />
      <label
        >Name<input name="name" value="${name}" autocomplete="username" required maxlength="64" autocapitalize="none"
      /></label>
      <label
        >Password<input name="password" type="password" autocomplete="current-password" required maxlength="256"
      /></label>
      <button>Sign in</button>
    </form>
  </section>`;
  return page({ base, title: 'Sign in', body });
}
