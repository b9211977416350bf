/**
 * Takes out of Bull Board what leads to a refusal: it has no setting for single actions. What `data-hidden` names the viewer's role may not;
 * what dead jobs have here is done on /dead-letters, which keeps their history. The server refuses all of it as well, so whoever reads
 * the board in another language sees buttons that are refused. And it says to a screen reader what the board shows in a picture alone.
 */
export const BOARD_SCRIPT = `
const hidden = new Set(document.currentScript.dataset.hidden.split(',').filter(Boolean));
const ofTheDead = new Set(['Retry', 'Clean', 'Clean all']);
const ofAll = /^Retry (all|\\d+ failed jobs)/;
const listsTheDead = () => new URLSearchParams(location.search).get('status') === 'failed';
const isDead = button => listsTheDead() || (button.closest('[class*="card"]')?.textContent.includes('Died at') ?? false);
// Of buttons that the board gives no name: they get one.
const icons = {
  'refresh-cw': 'Retry', files: 'Duplicate', pencil: 'Update Data', 'trash-2': 'Clean', 'calendar-clock': 'Reschedule', 'arrow-up-down': 'Change priority',
  'ellipsis-vertical': 'More', x: 'Close', 'chevron-left': 'Previous page', 'chevron-right': 'Next page',
};
function say(node, words) {
  if (node.getAttribute('aria-label') !== words) node.setAttribute('aria-label', words);
  return words;
}
function wordsOf(button) {
  const picture = button.querySelector('svg');
  // The style of a picture is text to a browser, and nothing that anybody reads.
  const shown = picture && !button.innerText.trim() ? '' : (button.textContent || '').trim();
  const given = (button.getAttribute('aria-label') || button.title || '').trim();
  if (given) return shown && !given.includes(shown) ? say(button, shown + ': ' + given) : given;
  if (shown) return shown;
  const [, icon] = /lucide-([a-z-]+[0-9]*)$/.exec(picture?.getAttribute('class') || '') || [];
  return say(button, icon ? icons[icon] || icon.replaceAll('-', ' ') : 'About the engine');
}
function look() {
  for (const button of document.querySelectorAll('[role=menuitem], #root button, [role=dialog] button')) {
    const words = wordsOf(button);
    if (!button.closest('[role=menuitem], #root main')) continue;
    const out = hidden.has(words) || ofAll.test(words) || (ofTheDead.has(words) && isDead(button));
    if (out) button.style.display = 'none';
  }
  for (const picture of document.querySelectorAll('#root svg[role=img]:not([aria-label], [aria-hidden])')) picture.setAttribute('aria-hidden', 'true');
  // A list that is called a way to go is no list any more to a screen reader.
  for (const list of document.querySelectorAll('#root ul[role=navigation]')) list.removeAttribute('role');
  for (const field of document.querySelectorAll('.cm-content:not([aria-label])')) field.setAttribute('aria-label', 'JSON');
  for (const side of document.querySelectorAll('#root aside')) {
    const isAway = side.getAttribute('aria-hidden') === 'true';
    if (side.inert !== isAway) side.inert = isAway;
  }
}
// On a phone the bar scrolls: the page that is open is to be seen in it.
const here = document.querySelector('.shiftwork-bar nav [aria-current]');
if (here) here.parentNode.scrollLeft = here.offsetLeft - (here.parentNode.clientWidth - here.offsetWidth) / 2;
new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-hidden'] });
`;
