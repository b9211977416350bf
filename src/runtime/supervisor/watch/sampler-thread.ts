import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { sampleMainThread } from './sample-main-thread.ts';

const { fd }: { readonly fd: number } = workerData;
const pipe = new Socket({ fd });
let rest = '';
pipe.setEncoding('utf8');
// The supervisor is gone: the main thread notices that as well.
pipe.on('error', () => undefined);
pipe.on('data', (text: string) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) answer(line[0] ?? '', Number(line.slice(1)));
});

function answer(question: string, id: number): void {
  if (question !== 'w') return say({ id });
  sampleMainThread(stack => say({ id, stack }));
}

function say(value: unknown): void {
  pipe.write(`${JSON.stringify(value)}\n`);
}
