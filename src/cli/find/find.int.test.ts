import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { UsageError } from '../../command/index.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { connect } from '../../queue/index.ts';
import { find } from './find.ts';

const mail = defineJob({
  queue: 'email',
  name: 'order-mail',
  schema: z.object({ userId: z.string(), orderId: z.string() }),
  tags: ({ userId, orderId }) => ({ user: userId, order: orderId }),
});
const APP = fileURLToPath(new URL('../../../tests/support/sample-app.config.ts', import.meta.url));
const SECRET = 's'.repeat(32);

async function call(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const lines: Record<'out' | 'err', string[]> = { out: [], err: [] };
  const code = await find.run(args, {
    variables,
    print: line => void lines.out.push(line),
    complain: line => void lines.err.push(line),
    readInput: () => Promise.resolve(''),
    readSecret: () => Promise.resolve(''),
  });
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

describe.each(engineCases)('shiftwork find on $kind', ({ kind, open }) => {
  test('shows the jobs that carry all tags and why they wait, and repeats no value', async () => {
    const { url, namespace, cleanup } = await open();
    onTestFinished(cleanup);
    const engine = openEngine({ url, role: 'producer', namespace });
    await engine.migrate();
    await engine.close();
    const client = connect({ [kind]: url, namespace, secret: SECRET });
    onTestFinished(() => client.close());
    const sent = await client.enqueue(mail, { userId: 'ada', orderId: 'o-1' }, { delay: '1h' });
    await client.enqueue(mail, { userId: 'ada', orderId: 'o-2' });
    const variables = {
      [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: url,
      SHIFTWORK_NAMESPACE: namespace,
      SHIFTWORK_SECRET: SECRET,
    };

    const one = await call(['--tag', 'user=ada', '--tag', 'order=o-1'], variables);
    expect(one).toMatchObject({ code: 0, err: '' });
    expect(one.out).toContain(sent.id);
    expect(one.out).toContain('delayed (time)');
    expect(one.out).not.toContain('ada');

    const both = await call(['--tag', 'user=ada', '--limit', '1', '--json'], variables);
    expect(JSON.parse(both.out)).toMatchObject({ jobs: [{ name: 'order-mail' }], more: true });

    const all = ['--tag', 'user=ada', '--queue', 'email', '--do', 'cancel', '--app', APP, '--json'];
    const asked = await call(all, variables);
    expect(JSON.parse(asked.out)).toMatchObject({ count: 2, more: false, do: 'cancel', dryRun: true });
    expect((await client.job(sent.id))?.state).toBe('delayed');
    const done = await call([...all, '--yes', '--reason', 'sold out'], variables);
    expect(JSON.parse(done.out)).toMatchObject({ state: 'done', done: 2, skipped: 0, filter: { queue: 'email' } });
    expect(done.out).not.toContain('ada');
    expect((await client.job(sent.id))?.state).toBe('waiting');

    const none = await call(['--tag', 'user=bob'], variables);
    expect(none).toMatchObject({ code: 1, err: 'No job carries this user.' });
  });
});

test.each([
  [['--state', 'gone'], 'Expected --state to be one of waiting, delayed,'],
  [['--waits-for', 'rain'], 'Expected --waits-for to be one of'],
  [['--after', 'ada'], 'Expected --after to be `next` of the page before, got a text that is none.'],
  [['--since', 'yesterday'], 'Expected --since as 2h or'],
  [['--tag', 'ada'], 'Expected --tag as NAME=VALUE, such as user=u-1, got one without a name or a value.'],
  [['--tag', 'user='], 'Expected --tag as NAME=VALUE, such as user=u-1, got one without a name or a value.'],
  [['--tag', 'user=ada', '--do', 'erase'], 'Expected --do to be one of replay, discard, cancel, run-now, got "erase".'],
  [['--state', 'waiting', '--do', 'cancel'], 'Expected a tag, an id, a contract, a queue or a cause'],
  [['--tag', 'user=ada', '--do', 'cancel', '--yes'], 'Expected --reason to cancel'],
  [['--tag', 'user=ada', '--do', 'cancel', '--limit', '5'], 'Expected no --limit'],
  [['--tag', 'user=ada', '--yes'], 'Expected --do beside --yes'],
  [['--tag', 'user=ada', '--limit', '0'], 'Expected --limit to be an integer from 1 to 200'],
])('%j is wrong use, and no value is repeated', async (args, message) => {
  const refused = call(args);
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(message);
});
