/**
 * Buttons that act: the first press asks what would happen, the second does it. What a press undoes
 * (`data-direct`) is done at once. A request is JSON from this origin, which no other site
 * can send. Without scripts the buttons are not shown.
 */
export const ACT_SCRIPT = `
async function ask(button, dryRun) {
  const body = { ...JSON.parse(button.dataset.what), dryRun };
  if (button.dataset.reason) body.reason = button.dataset.reason;
  const answer = await fetch(button.dataset.act, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message || said.error);
  return said;
}
async function press(button) {
  const out = button.closest('[data-acts]').querySelector('output');
  button.disabled = true;
  try {
    if (button.dataset.direct) {
      const { done, why } = await ask(button, false);
      if (done) return location.reload();
      out.textContent = why;
      return;
    }
    if (button.dataset.armed) {
      const { done, skipped, task } = await ask(button, false);
      out.textContent = task ? 'Begun in the background. ' : done + ' done' + (skipped ? ', ' + skipped + ' skipped' : '') + '. ';
      const again = document.createElement('a');
      again.href = (task && button.dataset.follow) || location.href;
      again.textContent = task ? 'Follow it' : 'Show how it stands';
      out.append(again);
      for (const each of button.closest('[data-acts]').querySelectorAll('button')) each.remove();
      return;
    }
    if (button.dataset.asks) {
      const reason = prompt(button.dataset.asks);
      if (!reason) return;
      button.dataset.reason = reason;
    }
    const { done, skipped, why, more, sample } = await ask(button, true);
    const some = sample && sample.length ? 'Such as ' + sample.join(', ') : '';
    const none = more ? 'None among those that were looked at first' : 'Nothing is left of it.';
    out.textContent = skipped ? skipped + ' cannot: ' + why : done ? some : none;
    if (done === 0 && !more) return;
    button.dataset.armed = 'yes';
    button.textContent = button.dataset.verb + (more ? ' at least ' : ' ') + done + (button.dataset.verb.endsWith('now') ? '' : ' now');
    button.classList.remove('quiet');
  } catch (error) {
    out.textContent = error.message;
  } finally {
    button.disabled = false;
    // A button that was switched off has lost the focus, which keeps the page from being made anew under whoever is at it.
    button.focus();
  }
}
// Pages are made anew while they are open.
function show() {
  for (const button of document.querySelectorAll('button[data-act][hidden]')) button.hidden = false;
}
show();
new MutationObserver(show).observe(document.querySelector('main'), { childList: true, subtree: true });
document.addEventListener('click', event => {
  const button = event.target.closest('button[data-act]');
  if (button) void press(button);
});
`;
