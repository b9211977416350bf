import {
  allowOnly,
  operator,
  parseCommand,
  table,
  UsageError,
  visible,
  when,
  type Command,
  type ParsedArguments,
  type Terminal,
  wrongWord,
} from '../../command/index.ts';
import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { didYouMean } from '../../errors/index.ts';
import {
  apiTokensOf,
  rateIn,
  readScope,
  SCOPE_KINDS,
  scopeFor,
  type ApiToken,
  type RateLimit,
} from '../../http/index.ts';
import type { Duration } from '../../time/index.ts';
import { loadApp } from '../load-app.ts';
import { withEngine } from '../engine/index.ts';
import { onRecord } from '../record/index.ts';

/** Who may come through the HTTP door. */
export const tokens: Command = {
  usage:
    'shiftwork tokens create NAME --scope SCOPE... [--rate N/DURATION] [--expires DURATION] [--app PATH] | list | revoke ID [--json]',
  details: [
    'create prints the token once: the engine keeps a digest of it. NAME says who holds it.',
    '',
    '  --scope SCOPE          enqueue/CONTRACT, read/CONTRACT or cancel/CONTRACT, with the name percent-encoded; several times',
    '  --rate N/DURATION      requests at most, for each process that answers: 100/1s when left out',
    '  --expires DURATION     such as 90d; it stands until it is revoked when left out',
    '',
  ],
  async run(args, terminal) {
    const options = {
      scope: { type: 'string', multiple: true },
      rate: { type: 'string' },
      expires: { type: 'string' },
    } as const;
    const asked = parseCommand(args, options, { min: 1, max: 2 });
    const [action = '', word] = asked.positionals;
    switch (action) {
      case 'create':
        if (word === undefined) throw new UsageError('Expected "tokens create NAME", got no name.');
        return create(word, asked, terminal);
      case 'list':
        if (word !== undefined) throw new UsageError('Expected "tokens list" alone.');
        allowOnly(asked, 'tokens list', []);
        return withEngine(terminal.variables, engine => list(engine, asked, terminal));
      case 'revoke':
        if (word === undefined) throw new UsageError('Expected "tokens revoke ID": "tokens list" shows the ids.');
        allowOnly(asked, 'tokens revoke', []);
        return withEngine(terminal.variables, engine => revoke(engine, word, asked, terminal));
      default:
        throw new UsageError(
          `Expected create, list or revoke, got "${action.slice(0, 40)}".${didYouMean(action, ['create', 'list', 'revoke'])}`,
        );
    }
  },
};

async function create(name: string, asked: ParsedArguments, terminal: Terminal): Promise<0> {
  const scopes = asked.texts('scope');
  requireScopes(scopes, await loadApp(asked.app));
  const [rate, expires] = [asked.text('rate'), asked.text('expires')];
  const definition = {
    name,
    scopes,
    by: operator(terminal),
    ...(rate !== undefined && { rate: rateFrom(rate) }),
    // Whatever was written is judged where every duration is.
    ...(expires !== undefined && { expiresAfter: expires as Duration }),
  };
  const action = { command: 'tokens create', what: 'create a token', on: `${name}: ${scopes.join(', ')}` };
  const { text, token } = await withEngine(terminal.variables, engine =>
    onRecord(terminal, engine, action, () => apiTokensOf(engine).create(definition)),
  );
  if (asked.json) terminal.print(JSON.stringify({ ...shown(token), token: text }));
  else {
    terminal.print(text);
    terminal.complain(`Token ${token.id} of "${visible(name)}". It is shown this once: keep it as a secret.`);
  }
  return 0;
}

/** @throws UsageError */
function requireScopes(scopes: readonly string[], app: App): void {
  if (scopes.length === 0) throw new UsageError('Expected at least one --scope, such as enqueue/CONTRACT, got none.');
  const all = SCOPE_KINDS.flatMap(kind => [...app.jobs.keys()].map(name => scopeFor(kind, name)));
  const wrong = scopes.find(scope => !all.includes(scope));
  if (wrong === undefined) return;
  const what = readScope(wrong) === undefined ? 'no scope' : 'of a contract that the app does not have';
  throw new UsageError(
    `Expected scopes such as ${all.slice(0, 3).join(', ')}; "${wrong.slice(0, 80)}" is ${what}.${didYouMean(wrong, all)}`,
  );
}

/** @throws UsageError */
function rateFrom(text: string): RateLimit {
  const rate = rateIn(text, '--rate');
  if (rate === undefined) throw wrongWord('--rate as N/DURATION, such as 100/1s', text);
  return rate;
}

async function list(engine: Engine, { json }: ParsedArguments, terminal: Terminal): Promise<0> {
  const known = await apiTokensOf(engine).list();
  if (json) terminal.print(JSON.stringify(known.map(shown)));
  else {
    const rows = known.map(({ id, name, scopes, rate, by, createdAt, expiresAt }) => ({
      id,
      name: visible(name),
      scopes: visible([...scopes].join(' ')),
      rate: `${rate.max}/${rate.perMs}ms`,
      made: `${when(createdAt)} by ${visible(by)}`,
      ends: expiresAt === undefined ? 'never' : when(expiresAt),
    }));
    for (const line of table(rows)) terminal.print(line);
    if (known.length === 0) terminal.complain('There are no tokens: nobody can come through the HTTP door.');
  }
  return 0;
}

function shown({ scopes, ...token }: ApiToken): Record<string, unknown> {
  return { ...token, scopes: [...scopes] };
}

async function revoke(engine: Engine, id: string, { json }: ParsedArguments, terminal: Terminal): Promise<0 | 1> {
  // Whoever pastes the whole token for its id must not find it there.
  const action = { command: 'tokens revoke', what: 'revoke a token', on: id.slice(0, 16) };
  const revoked = await onRecord(
    terminal,
    engine,
    action,
    () => apiTokensOf(engine).revoke(id),
    done => ({ matched: 1, done: done ? 1 : 0 }),
  );
  if (json) terminal.print(JSON.stringify({ id: id.slice(0, 16), revoked }));
  else if (revoked) terminal.print(`${id} is revoked`);
  else terminal.complain('There is no token of that id: "tokens list" shows the ids.');
  return revoked ? 0 : 1;
}
