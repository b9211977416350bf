// Everything that comes from outside is put into the page as text, never as markup.
const who = document.querySelector('#who');
const PAGE = 50;
/** The account whose transactions are shown, and how many of its newest are left out. */
let shown;
let newer = 0;

const ownerId = () => new FormData(who).get('ownerId').trim();
const at = id => `/accounts/${encodeURIComponent(id)}`;

const commands = {
  open: form => [
    '/accounts',
    {
      ownerId: ownerId(),
      ownerName: form.get('ownerName'),
      initialBalance: Number(form.get('initialBalance')),
      currency: form.get('currency'),
    },
  ],
  move: form => [
    `${at(form.get('accountId'))}/${form.get('kind')}`,
    { amount: Number(form.get('amount')), description: form.get('description') },
  ],
  transfer: form => [
    '/transfers',
    {
      fromAccountId: form.get('fromAccountId'),
      toAccountId: form.get('toAccountId').trim(),
      amount: Number(form.get('amount')),
      description: form.get('description'),
    },
  ],
  close: form => [`${at(form.get('accountId'))}/closure`, { reason: form.get('reason') }],
};

for (const form of document.querySelectorAll('form[data-command]')) {
  // Kept until there is an answer: who presses again because none came pays once.
  let attempt;
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const [path, body] = commands[form.dataset.command](new FormData(form, event.submitter));
    const text = path + JSON.stringify(body);
    if (attempt?.text !== text) attempt = { text, key: newKey() };
    const problem = form.querySelector('.problem');
    problem.textContent = '';
    try {
      const answer = await fetch(path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': attempt.key,
          'x-user-id': ownerId(),
        },
        body: JSON.stringify(body),
      });
      // One that failed on the other side may have been done all the same: asked again, it has the same key.
      if (answer.status < 500) attempt = undefined;
      const result = await answer.json();
      if (!answer.ok) problem.textContent = complaint(result);
      else await show(result.position);
    } catch {
      problem.textContent = 'The bank does not answer; try again.';
    }
  });
}
who.addEventListener('submit', event => event.preventDefault());
who.addEventListener('change', () => {
  // What was another owner's is not left standing, also when there is no answer.
  shown = undefined;
  document.querySelector('#accounts').replaceChildren();
  showTransactions();
  void show();
});
for (const [id, step] of [
  ['older', PAGE],
  ['newer', -PAGE],
]) {
  document.querySelector(`#${id}`).addEventListener('click', () => {
    newer = Math.max(0, newer + step);
    void show();
  });
}

/** Keys that nobody else makes; `crypto.randomUUID` exists only over https or on this machine. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

function complaint({ error, issues = [] }) {
  return [error, ...issues.map(issue => `${issue.path}: ${issue.message}`)].join(' ');
}

async function ask(path, position) {
  const answer = await fetch(`${path}${path.includes('?') ? '&' : '?'}atLeast=${position}`);
  const result = await answer.json();
  if (!answer.ok) throw new Error(complaint(result));
  return result;
}

/** What the read models say, not older than `position`. */
async function show(position = 0) {
  const summary = document.querySelector('#summary');
  try {
    await showOwner(position);
    summary.classList.remove('problem');
  } catch (error) {
    // A browser's own words for a failed connection help nobody.
    summary.textContent = error instanceof TypeError ? 'The bank does not answer; try again.' : error.message;
    summary.classList.add('problem');
  }
}

async function showOwner(position) {
  const asked = ownerId();
  const owner = encodeURIComponent(asked);
  const [{ accounts }, summary] = await Promise.all([
    ask(`/owners/${owner}/accounts`, position),
    ask(`/owners/${owner}/summary`, position),
  ]);
  // Somebody else was asked for meanwhile.
  if (asked !== ownerId()) return;
  const totals = Object.entries(summary.totalBalance).map(([currency, cents]) => money(cents, currency));
  document.querySelector('#summary').textContent =
    accounts.length === 0 ? 'None yet.' : `${totals.join(' and ')} in ${summary.totalTransactions} transactions.`;
  document.querySelector('#accounts').replaceChildren(
    ...accounts.map(account => {
      const choose = document.createElement('button');
      choose.textContent = account.id;
      choose.addEventListener('click', () => {
        shown = account;
        newer = 0;
        void show();
      });
      return row(
        [
          choose,
          account.ownerName,
          money(account.balance, account.currency),
          account.transactionCount,
          account.isOpen ? 'open' : 'closed',
        ],
        [2, 3],
      );
    }),
  );
  for (const select of document.querySelectorAll('select')) {
    const chosen = select.value;
    select.replaceChildren(
      ...accounts
        .filter(({ isOpen }) => isOpen)
        .map(({ id, balance, currency }) => new Option(`${id.slice(0, 8)} (${money(balance, currency)})`, id)),
    );
    if (accounts.some(({ id, isOpen }) => id === chosen && isOpen)) select.value = chosen;
  }
  shown = accounts.find(({ id }) => id === shown?.id);
  if (shown === undefined) return showTransactions();
  // They come the oldest first.
  const end = Math.max(0, shown.transactionCount - newer);
  const offset = Math.max(0, end - PAGE);
  const page = `limit=${Math.max(1, end - offset)}&offset=${offset}`;
  const { transactions } = await ask(`${at(shown.id)}/transactions?${page}`, position);
  showTransactions(transactions.toReversed());
}

function showTransactions(transactions = []) {
  const choose = document.createElement('td');
  choose.textContent = shown === undefined ? 'Choose an account above.' : 'None yet.';
  choose.className = 'empty';
  choose.colSpan = 5;
  const none = document.createElement('tr');
  none.append(choose);
  document.querySelector('#which').textContent = shown === undefined ? '' : `of ${shown.id}`;
  document.querySelector('#older').disabled = !(shown?.transactionCount > newer + PAGE);
  document.querySelector('#newer').disabled = !(newer > 0);
  const lines = transactions.map(({ timestamp, type, description, amount, balanceAfter }) =>
    row(
      [
        new Date(timestamp).toLocaleString(),
        type.replace('_', ' '),
        description,
        money(type === 'deposit' || type === 'transfer_in' ? amount : -amount, shown.currency),
        money(balanceAfter, shown.currency),
      ],
      [3, 4],
    ),
  );
  document.querySelector('#transactions').replaceChildren(...(lines.length > 0 ? lines : [none]));
}

function row(cells, numbers) {
  const line = document.createElement('tr');
  for (const [index, content] of cells.entries()) {
    const cell = document.createElement('td');
    cell.append(content);
    if (numbers.includes(index)) cell.className = 'number';
    line.append(cell);
  }
  return line;
}

/** For people alone; nothing is computed with it. */
function money(cents, currency) {
  try {
    const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
    return format.format(cents / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${cents} ${currency}`;
  }
}

showTransactions();
await show();
