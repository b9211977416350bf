import { html, type Html } from './html.ts';
import { PLACES, type PlacePath } from './places.ts';

/** Who is signed in, with what signing out must carry. */
export interface ShownViewer {
  readonly name: string;
  readonly role: string;
  /** Undefined where nobody signs in here, so nobody signs out. */
  readonly formToken: string | undefined;
}

export interface BarOptions {
  /** Where the dashboard is mounted; empty for the root. */
  readonly base: string;
  /** The place that the page is, or belongs to. */
  readonly at?: PlacePath | undefined;
  /** Nobody: the bar then names the dashboard and leads nowhere else. */
  readonly viewer?: ShownViewer | undefined;
}

/** What stands above every page, Bull Board's included. Its style stands by itself, so that no page needs ours. */
export function bar({ base, at, viewer }: BarOptions): Html {
  return html`<header class="shiftwork-bar">
    <a class="shiftwork-brand" href="${base}/"
      ><img src="${base}/assets/icon.svg" alt="" width="24" height="24" />Shiftwork</a
    >
    ${viewer === undefined ? undefined : places(base, at)} ${viewer === undefined ? undefined : who(base, viewer)}
  </header>`;
}

function places(base: string, at: PlacePath | undefined): Html {
  return html`<nav aria-label="Dashboard">
    ${PLACES.map(({ path, label, key }) =>
      path === at
        ? html`<a href="${base}${path}" data-key="${key}" aria-current="page">${label}</a>`
        : html`<a href="${base}${path}" data-key="${key}">${label}</a>`,
    )}
  </nav>`;
}

function who(base: string, { name, role, formToken }: ShownViewer): Html {
  return html`<div class="shiftwork-who">
    <span>${name} <small>${role}</small></span>
    ${
      formToken === undefined
        ? undefined
        : html`<form method="post" action="${base}/sign-out">
            <input type="hidden" name="token" value="${formToken}" /><button>Sign out</button>
          </form>`
    }
  </div>`;
}
