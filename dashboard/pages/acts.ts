import { mayAct, type Role } from '../sign-in/roles.ts';
import { html, type Html } from './html.ts';

export interface Act {
  /** Where the request goes. */
  readonly path: string;
  /** The request, without what `act-script.ts` adds. */
  readonly what: object;
  /** On the button, and in the question before the second press. */
  readonly verb: string;
  /** What the person is asked for before it; nothing when left out. */
  readonly asks?: string;
  /** Where what goes on in the background is followed. */
  readonly follow?: string;
  /** On the button, in place of the verb. */
  readonly label?: string;
}

/** A button of `act-script.ts`: the first press says what would happen, the second does it. */
export function actButton({ path, what, verb, asks, follow, label = verb }: Act): Html {
  const question = asks === undefined ? undefined : html`data-asks="${asks}"`;
  const followed = follow === undefined ? undefined : html`data-follow="${follow}"`;
  return html`<button
    class="quiet"
    hidden
    data-act="${path}"
    data-what="${JSON.stringify(what)}"
    data-verb="${verb}"
    ${question}
    ${followed}
  >
    ${label} …
  </button>`;
}

/** Buttons, and where it says what they did. */
export function acts(...buttons: readonly Html[]): Html {
  return html`<div class="acts" data-acts>${buttons}<output aria-live="polite"></output></div>`;
}

/**
 * What may be done with dead letters: operators replay, admins discard as well. Of a cause (`fingerprint`) it is done in the background, and
 * with one of its letters first where that is named.
 */
export function letterActs(base: string, role: Role, what: object, one?: string): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const ofCause = 'fingerprint' in what;
  const asked = ofCause ? { ...what, background: true } : what;
  const follow = ofCause ? { follow: `${base}/dead-letters` } : {};
  const path = `${base}/dead-letters/replay`;
  const first =
    one === undefined ? [] : [actButton({ path, what: { ids: [one] }, verb: 'Replay', label: 'Try one first' })];
  const replay = actButton({ path, what: asked, verb: 'Replay', ...follow });
  if (!mayAct(role, 'admin')) return acts(...first, replay);
  const asks = 'Why may this be discarded? It is all that is kept.';
  const discard = actButton({ path: `${base}/dead-letters/discard`, what: asked, verb: 'Discard', asks, ...follow });
  return acts(...first, replay, discard);
}

/** What may be done with a job that has not ended: operators cancel it. */
export function cancelAct(base: string, role: Role, id: string): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const asks = 'Why is it no longer wanted?';
  return acts(actButton({ path: `${base}/running/cancel`, what: { ids: [id] }, verb: 'Cancel', asks }));
}
