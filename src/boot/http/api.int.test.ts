import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { startProcess } from '../../../tests/support/child-process.ts';
import { namespace, redisUrl } from '../../../tests/support/engines.ts';
import { program } from '../../../tests/support/programs.ts';
import { runCli } from '../../cli/index.ts';
import type { Variables } from '../../config/index.ts';

const APP = ['--app', program('tests/support/apps/three-queues.config.ts')];
const run = promisify(execFile);

const PYTHON = `
import json, sys, urllib.error, urllib.request
origin, token = sys.argv[1:]
def ask(path, body=None, key=None):
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    if key: headers["Idempotency-Key"] = key
    request = urllib.request.Request(origin + path, data=body and json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request) as response: return response.status, json.load(response)
    except urllib.error.HTTPError as error: return error.code, json.load(error)
_, first = ask("/api/v1/jobs/work-one", {"data": {"n": 1}, "options": {"delay": "1h"}}, "k")
_, again = ask("/api/v1/jobs/work-one", {"data": {"n": 1}, "options": {"delay": "1h"}}, "k")
status, problem = ask("/api/v1/jobs/work-one", {"data": {"n": "one"}})
read, job = ask("/api/v1/jobs/" + first["id"])
print(json.dumps([first["id"] == again["id"], status, problem["code"], problem["issues"][0]["path"], read, job["state"]]))
`;

async function cli(variables: Variables, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(args, {
    variables,
    print: line => void out.push(line),
    complain: line => void err.push(line),
    readInput: async () => '',
    readSecret: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('shiftwork api', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('is reached by curl and by Python with a token from the command line, and stops with 0', async () => {
    const env = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), API_PORT: '0', API_METRICS_PORT: '0' };
    const scopes = ['--scope', 'enqueue/work-one', '--scope', 'read/work-one'];
    const made = await cli(env, 'tokens', 'create', 'nightly cron', ...scopes, '--rate', '1000/1s', ...APP);
    expect(made).toMatchObject({ code: 0, err: expect.stringContaining('shown this once') });
    const token = made.out;
    const listed = JSON.parse((await cli(env, 'tokens', 'list', '--json')).out) as readonly { readonly id: string }[];
    expect(listed).toEqual([expect.objectContaining({ name: 'nightly cron', rate: { max: 1_000, perMs: 1_000 } })]);
    expect(JSON.stringify(listed)).not.toContain(token.slice(-43));

    const door = startProcess(program('src/cli/main.ts'), { args: ['api', ...APP], env });
    cleanups.push(() => door.kill('SIGKILL'));
    const [health = ''] = /http:\/\/localhost:\d+/.exec(await door.line(/health and metrics are served/)) ?? [];
    const [origin = ''] = /http:\/\/localhost:\d+/.exec(await door.line(/the HTTP door is open/)) ?? [];
    const address = `${origin}/api/v1/jobs/work-one`;
    const headers = ['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json'];
    const sent = '{"data":{"n":2},"options":{"delay":"1h"}}';
    const said = await run('curl', ['-sS', '-w', '%{http_code}', ...headers, '-d', sent, address]);
    const [body = '', status] = said.stdout.split('\n');
    expect([status, JSON.parse(body)]).toEqual(['202', expect.objectContaining({ name: 'work-one', queue: 'one' })]);
    const python = await run('python3', ['-c', PYTHON, origin, token]);
    expect(JSON.parse(python.stdout)).toEqual([true, 400, 'INVALID_PAYLOAD', 'n', 200, 'delayed']);

    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    expect((await cli(env, 'tokens', 'revoke', listed[0]?.id ?? '')).code).toBe(0);
    expect((await cli(env, 'tokens', 'revoke', listed[0]?.id ?? '')).code).toBe(1);
    expect((await fetch(address, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(401);
    expect((await fetch(`${health}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${health}/metrics`)).text();
    expect(metrics).toContain('shiftwork_api_requests_total{route="enqueue",status="202"} 3');
    expect(metrics).toContain('shiftwork_api_requests_total{route="none",status="401"} 1');
    expect(metrics).toContain(`shiftwork_api_token_requests_total{token="${listed[0]?.id}",how="refused"} 1`);
    expect(metrics).not.toContain(token.slice(-43));
    // It is for probes, and the port of the door has none.
    expect((await fetch(`${origin}/metrics`)).status).toBe(404);
    door.kill('SIGTERM');
    expect(await door.ended).toBe(0);
  });

  test('a scope of no contract, a rate of nothing and a life of nothing are wrong use, said with what may have been meant', async () => {
    const env = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace() };
    const create = (...args: string[]) => cli(env, 'tokens', 'create', 'x', ...args, ...APP);
    expect(await create()).toMatchObject({ code: 2, err: expect.stringContaining('at least one --scope') });
    expect(await create('--scope', 'enqueue/work-on')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean "enqueue/work-one"?'),
    });
    expect((await create('--scope', 'read/tick', '--rate', '0/1s')).code).toBe(2);
    expect((await create('--scope', 'read/tick', '--rate', '1')).code).toBe(2);
    expect((await create('--scope', 'read/tick', '--expires', '0s')).code).toBe(2);
    expect((await cli(env, 'tokens', 'crate', 'x')).err).toContain('Did you mean "create"?');
    expect((await cli(env, 'tokens', 'list', '--json')).out).toBe('[]');
  });
});
