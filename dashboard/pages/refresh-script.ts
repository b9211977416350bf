import { RENEWS_HEADER } from '../live/shared-looks.ts';

/**
 * Makes the page's main part anew while somebody looks at it, but not while they are at something in it that acts, or have typed something. A page that names where it is
 * followed is sent how things stand; a hidden one follows nothing, and one that cannot follow asks by itself, as all others do. A table that scrolls
 * has the focus after any click in it: it stays, and only what is in it is made anew, so that a screen reader is not told of it again. What is unfolded
 * stays so, and who is at the line that folds it, or at a table in it, is there afterwards.
 */
export const REFRESH_SCRIPT = `
const main = document.querySelector('main');
const seconds = Number(main.dataset.refresh);
const follows = main.dataset.follow;
const tablesOf = root => [...root.querySelectorAll('.scroll')];
const stopsOf = root => [...root.querySelectorAll('.scroll, summary')];
const isTyped = field => field.type !== 'hidden' && (field.options ? [...field.options].some(each => each.selected !== each.defaultSelected) : field.value !== field.defaultValue);
const isBusy = () =>
  main.querySelector(':is(a, button, input, select, textarea):focus, button:disabled') !== null || [...main.querySelectorAll('input, select, textarea')].some(isTyped);
let source;
let isLast = false;
let pieces = [];
function renew(fresh, focused) {
  const kept = tablesOf(main)[focused];
  const next = kept && tablesOf(fresh)[focused];
  if (kept?.parentNode !== main || next?.parentNode !== fresh) return main.replaceChildren(...fresh.childNodes);
  kept.replaceChildren(...next.childNodes);
  for (const node of [...main.childNodes]) if (node !== kept) node.remove();
  const nodes = [...fresh.childNodes];
  kept.before(...nodes.slice(0, nodes.indexOf(next)));
  kept.after(...nodes.slice(nodes.indexOf(next) + 1));
}
function show(fresh) {
  if (!fresh || isBusy()) return;
  const places = tablesOf(main).map(table => table.scrollLeft);
  const opened = [...main.querySelectorAll('details')].map(details => details.open);
  const stop = stopsOf(main).indexOf(document.activeElement);
  renew(fresh, tablesOf(main).indexOf(document.activeElement));
  for (const [index, details] of main.querySelectorAll('details').entries()) details.open = opened[index] ?? details.open;
  const again = stopsOf(main)[stop];
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  for (const [index, table] of tablesOf(main).entries()) table.scrollLeft = places[index] ?? 0;
}
function sayOld() {
  const age = main.querySelector('[data-age]');
  if (age) age.textContent = 'The dashboard does not answer; the figures are old.';
}
const mainIn = text => new DOMParser().parseFromString(text, 'text/html').querySelector('main');
async function refresh() {
  if (isLast || document.hidden || isBusy()) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html', '${RENEWS_HEADER}': 'yes' } });
    if (answer.redirected) return location.assign(answer.url);
    const fresh = mainIn(await answer.text());
    // Nothing changes on it any more: a job that has ended.
    isLast = answer.ok && fresh !== null && !fresh.dataset.refresh;
    show(fresh);
  } catch {
    sayOld();
  }
}
function follow() {
  if (document.hidden) {
    source?.close();
    source = undefined;
    return;
  }
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource(follows);
  source.addEventListener('whole', event => (pieces = JSON.parse(event.data)));
  source.addEventListener('piece', event => {
    const { at, html } = JSON.parse(event.data);
    pieces[at] = html;
  });
  source.addEventListener('look', () => show(mainIn('<main>' + pieces.join('') + '</main>')));
  // It has had its time, or may be shown no more: asked for anew it says which, and until then nothing is wrong.
  source.addEventListener('end', event => {
    event.target.close();
    setTimeout(follow, 1000);
  });
  source.addEventListener('error', event => {
    // The browser comes again by itself, unless it was refused: whoever is signed out by now is led to where one signs in.
    if (event.target.readyState === EventSource.CLOSED) void refresh();
    else sayOld();
  });
}
const again = follows ? follow : refresh;
if (seconds > 0) setInterval(again, seconds * 1000);
document.addEventListener('visibilitychange', again);
if (follows) follow();
`;
