/**
 * Takes out of Bull Board what leads to a refusal: it has no setting for single actions. What `data-hidden` names the viewer's role may not;
 * what dead jobs have here is done on /dead-letters, which keeps their history. The server refuses all of it as well, so whoever reads
 * the board in another language sees buttons that are refused.
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
};
function wordsOf(button) {
  const said = (button.getAttribute('aria-label') || button.title || button.textContent || '').trim();
  if (said) return said;
  const [, icon] = /lucide-([a-z-]+[0-9]*)$/.exec(button.querySelector('svg')?.getAttribute('class') || '') || [];
  const words = icons[icon] || '';
  if (words) button.setAttribute('aria-label', words);
  return words;
}
function look() {
  for (const button of document.querySelectorAll('[role=menuitem], #root main button')) {
    const words = wordsOf(button);
    const out = hidden.has(words) || ofAll.test(words) || (ofTheDead.has(words) && isDead(button));
    if (out) button.style.display = 'none';
  }
}
// On a phone the bar scrolls: the page that is open is to be seen in it.
const here = document.querySelector('.shiftwork-bar nav [aria-current]');
if (here) here.parentNode.scrollLeft = here.offsetLeft - (here.parentNode.clientWidth - here.offsetWidth) / 2;
new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
`;
