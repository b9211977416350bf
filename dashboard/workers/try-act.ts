import { html, type Html } from '../pages/html.ts';

/** Lets one job find out at once whether a paused destination is back. It is done at the first press: nothing is lost by it. */
export function tryAct(base: string, key: string): Html {
  return html`<span class="acts" data-acts>
    <button
      class="quiet"
      hidden
      data-act="${base}/workers/try"
      data-what="${JSON.stringify({ name: key })}"
      data-direct="yes"
    >
      Try now
    </button>
    <output aria-live="polite"></output>
  </span>`;
}
