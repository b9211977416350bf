// Everything that comes from outside is put into the page as text, never as markup.
const user = { id: 'guest', email: '' };
let stream;
const ENDS = ['succeeded', 'dead', 'cancelled', 'expired'];
let order;

async function showLinks() {
  const links = await (await fetch('/links')).json();
  for (const anchor of document.querySelectorAll('a[data-link]')) anchor.href = links[anchor.dataset.link];
}

const bodies = {
  signup: form => ({ name: form.get('name'), email: form.get('email') }),
  order: form => ({
    userId: user.id,
    email: user.email || 'guest@example.com',
    items: [
      { productId: form.get('productId'), quantity: Number(form.get('quantity')), price: Number(form.get('price')) },
    ],
  }),
  reset: form => ({ email: form.get('email') }),
  newsletter: form => ({ issue: form.get('issue'), title: form.get('title') }),
};

for (const form of document.querySelectorAll('form')) {
  // Kept until there is an answer: who presses again because none came orders once.
  let attempt;
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const { action, name } = form.dataset;
    const body = bodies[name](new FormData(form));
    const text = JSON.stringify(body);
    if (attempt?.text !== text) attempt = { text, key: newKey() };
    const problem = form.querySelector('.problem');
    const button = form.querySelector('button');
    problem.textContent = '';
    button.disabled = true;
    try {
      const answer = await fetch(action, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': attempt.key },
        body: text,
      });
      const result = await answer.json();
      if (answer.status < 500) attempt = undefined;
      if (!answer.ok) {
        problem.textContent = complaint(result);
        return;
      }
      if (name === 'signup') {
        user.id = result.userId;
        user.email = body.email;
        follow(user.id);
      }
      if (name === 'newsletter') void count(result.batchId);
      const watched = result.jobIds.map(watch);
      if (name === 'order') {
        void progress(watched);
        followOrder(result.orderId);
      }
    } catch {
      problem.textContent = 'The shop does not answer; try again.';
    } finally {
      button.disabled = false;
    }
  });
}

/** `crypto.randomUUID` is missing where the page is not served over https or from this machine. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

function complaint({ error, issues = [] }) {
  return [error, ...issues.map(issue => `${issue.path}: ${issue.message}`)].join(' ');
}

function follow(userId) {
  const list = document.querySelector('#notifications');
  list.replaceChildren();
  stream?.close();
  stream = new EventSource(`/users/${encodeURIComponent(userId)}/notifications/stream`);
  const shown = new Set();
  stream.addEventListener('message', event => {
    const { id, title, body } = JSON.parse(event.data);
    // After an interruption the stream begins again with what is stored.
    if (shown.has(id)) return;
    shown.add(id);
    const item = document.createElement('li');
    const strong = document.createElement('strong');
    strong.textContent = title;
    item.append(strong, ` ${body}`);
    list.prepend(item);
  });
}

/** How the jobs of an order stand, as they go on; the browser comes again by itself. */
function followOrder(orderId) {
  const said = document.querySelector('#order-live');
  order?.close();
  order = new EventSource(`/orders/${encodeURIComponent(orderId)}/live`);
  order.addEventListener('job', event => {
    const { name, state, progress } = JSON.parse(event.data);
    said.textContent = `${name} is ${state}${progress === undefined ? '' : `: ${progress.step}`}.`;
  });
}

/** How far the newsletter is, once or twice a second. */
async function count(batchId) {
  const said = document.querySelector('#newsletter');
  for (let wait = 400; wait < 60_000; wait *= 1.1) {
    const answer = await fetch(`/newsletters/${encodeURIComponent(batchId)}`).catch(() => undefined);
    if (answer?.ok) {
      const { state, total, done, succeeded } = await answer.json();
      said.textContent = state === 'ended' ? `${succeeded} of ${total} were sent.` : `${done} of ${total} are done.`;
      if (state === 'ended') return;
    }
    await new Promise(resolve => setTimeout(resolve, wait));
  }
}

/** How far an order is: how many of the jobs that follow from it have ended. */
async function progress(watched) {
  const said = document.querySelector('#order');
  let done = 0;
  const say = () => (said.textContent = `Your order: ${done} of ${watched.length} steps are done.`);
  say();
  await Promise.all(
    watched.map(async ended => {
      if (await ended) done += 1;
      say();
    }),
  );
}

/** Answers whether it has ended, as far as was watched. */
async function watch(id) {
  const row = document.createElement('tr');
  const [name, queue, state, idCell] = ['', '', 'queued', id].map(text => {
    const cell = document.createElement('td');
    cell.textContent = text;
    row.append(cell);
    return cell;
  });
  idCell.textContent = id;
  document.querySelector('#jobs').prepend(row);
  // Politely: quick at first, then less often, and not for ever.
  for (let wait = 250; wait < 60_000; wait *= 1.3) {
    const answer = await fetch(`/jobs/${encodeURIComponent(id)}`).catch(() => undefined);
    if (answer?.ok) {
      const job = await answer.json();
      name.textContent = job.name;
      queue.textContent = job.queue;
      state.textContent = job.state;
      state.dataset.state = job.state;
      if (ENDS.includes(job.state)) return true;
    }
    await new Promise(resolve => setTimeout(resolve, wait));
  }
  return false;
}

await showLinks();
