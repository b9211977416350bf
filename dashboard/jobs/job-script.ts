/** Forms that act on one job: they are sent as JSON from this origin, which no other site can do. Without scripts they are not shown. */
export const JOB_SCRIPT = `
for (const form of document.querySelectorAll('form[data-post]')) {
  form.hidden = false;
  form.addEventListener('submit', async event => {
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
    }
  });
}
`;
