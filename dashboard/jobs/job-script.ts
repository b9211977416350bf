/**
 * Forms that act on one job: they are sent as JSON from this origin, which no other site can do. Without scripts they are not shown. The page is made
 * anew while it is open, and its forms with it.
 */
export const JOB_SCRIPT = `
function showForms() {
  for (const form of document.querySelectorAll('form[data-post][hidden]')) form.hidden = false;
}
showForms();
new MutationObserver(showForms).observe(document.querySelector('main'), { childList: true, subtree: true });
document.addEventListener('submit', async event => {
  const form = event.target.closest('form[data-post]');
  if (!form) return;
  event.preventDefault();
  const out = form.querySelector('output');
  const button = event.submitter;
  const body = Object.fromEntries(new FormData(form, button));
  button.disabled = true;
  out.textContent = 'Asking ...';
  try {
    const answer = await fetch(form.dataset.post, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.message || said.error);
    location.assign(said.next);
  } catch (error) {
    out.textContent = error.message;
    button.disabled = false;
    // What it says stays until they leave it.
    button.focus();
  }
});
`;
