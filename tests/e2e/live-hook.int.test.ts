import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { jobEvents } from '../../src/http/index.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { inMemory } from '../support/memory-case.ts';
import { runApp } from '../support/running-app.ts';
import { listen } from '../support/served-api.ts';
import { waitFor } from '../support/wait-for.ts';

const order = defineJob({
  queue: 'orders',
  name: 'order',
  schema: z.object({ nth: z.number() }),
  publicFields: ['progress', 'data.nth'],
});

/** One component at a time, with what the hook takes of React: a state of its own, an effect that is cleaned up. Keeps all that was ever shown. */
const PAGE = `<!doctype html><p id="seen"></p><script type="module">
import { createUseJobs } from '/hook.js';
let state, effect, after, cleanUp, address;
const useJobs = createUseJobs({
  useState(initial) {
    const own = (state ??= { value: initial });
    return [own.value, next => {
      own.value = typeof next === 'function' ? next(own.value) : next;
      if (own === state) render();
    }];
  },
  useEffect: (given, dependencies) => void (effect = [given, dependencies[0]]),
});
function render() {
  const { jobs, ended } = useJobs(address);
  const text = jobs.map(job => job.data.nth + ' at ' + job.progress?.percent).join() + (ended ? ' ' + ended : '');
  document.querySelector('#seen').textContent = text;
  window.shown.push(text);
  if (effect[1] === after) return;
  after = effect[1];
  cleanUp?.();
  cleanUp = effect[0]();
}
window.unmount = () => { cleanUp?.(); cleanUp = state = after = undefined; };
window.show = given => { address = given; window.shown = []; render(); };
</script>`;

let browser: TestBrowser;
beforeAll(async () => (browser = await openBrowser()));
afterAll(() => browser.close());

async function hookCode(): Promise<string> {
  const input = fileURLToPath(new URL('../../src/live/react.ts', import.meta.url));
  const { output } = await (await rolldown({ input, platform: 'browser' })).generate({ format: 'esm' });
  return output[0].code;
}

test('in a browser the hook shows a job while its component is there, ends its stream with it, and shows nothing of one job under another', async () => {
  const gate = Promise.withResolvers<void>();
  const handler = handle(order, async ({ nth }, run) => {
    run.progress({ percent: 10 * nth });
    await gate.promise;
  });
  const running = await runApp(inMemory, defineApp({ jobs: [order], handlers: [handler] }));
  const live = jobEvents(running.client, {
    allow: ({ url = '' }) => ({ caller: 'ada', job: url.replace('/live/', '') }),
  });
  const code = await hookCode();
  const open = new Set<object>();
  const server = await listen((request, response) => {
    if (request.url?.startsWith('/live/') === true) {
      open.add(response.once('close', () => open.delete(response)));
      return live.handler(request, response);
    }
    const isPage = request.url === '/';
    response.setHeader('Content-Type', isPage ? 'text/html' : 'text/javascript');
    response.end(isPage ? PAGE : code);
  });
  try {
    const [first, second] = await running.client.enqueueMany([order({ nth: 1 }), order({ nth: 2 })]);
    const page = await browser.page();
    const faults: Error[] = [];
    page.on('pageerror', fault => faults.push(fault));
    await page.goto(server.origin);
    const reads = (text: string) => page.locator('#seen').getByText(text, { exact: true }).waitFor();
    const show = (id = '') => page.evaluate(`show('/live/${id}')`);

    await show(first?.id);
    await reads('1 at 10');
    expect(open.size).toBe(1);
    await page.evaluate('unmount()');
    await waitFor('the stream to end with its component', () => open.size === 0);

    await show(second?.id);
    await reads('2 at 20');
    expect(await page.evaluate('shown.join("\\n")')).not.toContain('1 at');
    // The same component with another address.
    await show(first?.id);
    await reads('1 at 10');
    expect(await page.evaluate('shown.join("\\n")')).not.toContain('2 at');
    await waitFor('the stream of the job before to end', () => open.size === 1);

    gate.resolve();
    await reads('1 at 10 over');
    await waitFor('the stream to end with its job', () => open.size === 0);
    expect(faults).toEqual([]);
  } finally {
    gate.resolve();
    live.close();
    server.close();
    await running.stop();
  }
});
