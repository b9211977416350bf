// Everything that comes from outside is put into the page as text, never as markup.
const who = document.querySelector('#who');
let shown;

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
      attempt = undefined;
      const result = await answer.json();
      if (!answer.ok) problem.textContent = complaint(result);
      else await show(result.position);
    } catch {
      problem.textContent = 'The bank does not answer; try again.';
    }
  });
}
who.addEventListener('submit', event => event.preventDefault());
who.addEventListener('change', () => void show());

/** Keys that nobody else makes; `crypto.randomUUID` exists only over https or on this machine. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

function complaint({ error, issues = [] }) {
  return [error, ...issues.map(issue => `${issue.path}: ${issue.message}`)].join(' ');
}

/** What the read models say, not older than `position`. */
async function show(position = 0) {
  const owner = encodeURIComponent(ownerId());
  const ask = async path => (await fetch(`${path}${path.includes('?') ? '&' : '?'}atLeast=${position}`)).json();
  const [{ accounts = [] }, summary] = await Promise.all([
    ask(`/owners/${owner}/accounts`),
    ask(`/owners/${owner}/summary`),
  ]);
  const totals = Object.entries(summary.totalBalance ?? {}).map(([currency, cents]) => money(cents, currency));
  document.querySelector('#summary').textContent =
    accounts.length === 0 ? 'None yet.' : `${totals.join(' and ')} in ${summary.totalTransactions} transactions.`;
  document.querySelector('#accounts').replaceChildren(
    ...accounts.map(account => {
      const choose = document.createElement('button');
      choose.textContent = account.id;
      choose.addEventListener('click', () => {
        shown = account;
        void showTransactions(0);
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
  if (shown !== undefined) await showTransactions(position);
}

async function showTransactions(position) {
  const path = `${at(shown.id)}/transactions?limit=1000&atLeast=${position}`;
  const { transactions = [] } = await (await fetch(path)).json();
  document
    .querySelector('#transactions')
    .replaceChildren(
      ...transactions
        .toReversed()
        .map(({ timestamp, type, description, amount, balanceAfter }) =>
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
        ),
    );
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

await show();
