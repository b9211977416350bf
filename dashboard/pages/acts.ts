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
}

/** A button of `act-script.ts`: the first press says what would happen, the second does it. */
export function actButton({ path, what, verb, asks }: Act): Html {
  const question = asks === undefined ? undefined : html`data-asks="${asks}"`;
  return html`<button
    class="quiet"
    hidden
    data-act="${path}"
    data-what="${JSON.stringify(what)}"
    data-verb="${verb}"
    ${question}
  >
    ${verb} …
  </button>`;
}

/** Buttons, and where it says what they did. */
export function acts(...buttons: readonly Html[]): Html {
  return html`<div class="acts" data-acts>${buttons}<output aria-live="polite"></output></div>`;
}

/** What may be done with dead letters: operators replay, admins discard as well. */
export function letterActs(base: string, role: Role, what: object): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const replay = actButton({ path: `${base}/dead-letters/replay`, what, verb: 'Replay' });
  if (!mayAct(role, 'admin')) return acts(replay);
  const asks = 'Why may this be discarded? It is all that is kept.';
  return acts(replay, actButton({ path: `${base}/dead-letters/discard`, what, verb: 'Discard', asks }));
}

/** What may be done with a job that has not ended: operators cancel it. */
export function cancelAct(base: string, role: Role, id: string): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const asks = 'Why is it no longer wanted?';
  return acts(actButton({ path: `${base}/running/cancel`, what: { ids: [id] }, verb: 'Cancel', asks }));
}
