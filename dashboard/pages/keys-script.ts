/**
 * Keys on every page of ours: `/` finds, `g` and a letter of the bar goes there, `j` and `k` walk the rows, `?` says all of them and turns
 * them off (WCAG 2.1.4). A key that is pressed in a field or with a modifier is the field's or the browser's.
 */
export const KEYS_SCRIPT = `
const OFF = 'shiftwork-keys-off';
const places = [...document.querySelectorAll('.shiftwork-bar nav a[data-key]')];
let going = false;
// On a phone the bar scrolls: the page that is open is to be seen in it.
const here = document.querySelector('.shiftwork-bar nav [aria-current]');
if (here) here.parentNode.scrollLeft = here.offsetLeft - (here.parentNode.clientWidth - here.offsetWidth) / 2;
function isOff() {
  try { return localStorage.getItem(OFF) === 'yes'; } catch { return false; }
}
function rows() {
  return [...document.querySelectorAll('main tbody tr')].map(row => [...row.querySelectorAll('a, button, summary')].find(each => each.checkVisibility())).filter(Boolean);
}
function walk(by) {
  const all = rows();
  if (all.length === 0) return;
  // A row may hold a table of its own: the row that is meant is the innermost.
  const row = document.activeElement.closest('tr');
  const now = all.findIndex(each => each.closest('tr') === row);
  all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + by))].focus();
}
function find() {
  const field = document.querySelector('main [role=search] input:not([type=hidden])');
  if (field) return field.focus();
  const page = document.querySelector('.shiftwork-bar nav a[href$="/jobs"]');
  if (page) location.assign(page.href);
}
function help() {
  const open = document.querySelector('dialog.keys');
  if (open) return open.close();
  const dialog = document.createElement('dialog');
  dialog.className = 'keys';
  dialog.setAttribute('aria-labelledby', 'keys-title');
  const title = document.createElement('h2');
  title.id = 'keys-title';
  title.textContent = 'Keys';
  const list = document.createElement('dl');
  const say = (key, what) => {
    const term = list.appendChild(document.createElement('dt'));
    term.appendChild(document.createElement('kbd')).textContent = key;
    list.appendChild(document.createElement('dd')).textContent = what;
  };
  say('/', 'find');
  for (const place of places) say('g ' + place.dataset.key, place.textContent);
  say('j k', 'next and previous row');
  say('enter', 'open it');
  say('?', 'this list');
  const label = document.createElement('label');
  const box = label.appendChild(document.createElement('input'));
  box.type = 'checkbox';
  box.checked = !isOff();
  box.addEventListener('change', () => {
    try { localStorage.setItem(OFF, box.checked ? 'no' : 'yes'); } catch { /* A browser that keeps nothing. */ }
  });
  label.append(' These keys work (? always does)');
  const close = document.createElement('button');
  close.textContent = 'Close';
  close.addEventListener('click', () => dialog.close());
  dialog.append(title, list, label, close);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.('input, textarea, select, [contenteditable]')) return;
  const after = going;
  going = false;
  if (event.key === '?') help();
  else if (isOff() || document.querySelector('dialog[open]')) return;
  else if (after) {
    const place = places.find(each => each.dataset.key === event.key);
    if (!place) return;
    location.assign(place.href);
  } else if (event.key === 'g') going = true;
  else if (event.key === '/') find();
  else if (event.key === 'j') walk(1);
  else if (event.key === 'k') walk(-1);
  else return;
  event.preventDefault();
});
`;
