import { Session, type Debugger, type InspectorNotification } from 'node:inspector';
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { stackOf } from './stack.ts';

/**
 * A main thread that runs JavaScript is there within a few milliseconds (3 to 40, measured; more where it gets little of a processor); one
 * in a call of the system never is.
 */
const PATIENCE_MS = 1_200;

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
  sample(stack => say({ id, stack }));
}

function say(value: unknown): void {
  pipe.write(`${JSON.stringify(value)}\n`);
}

/**
 * Stops the main thread for an instant and reads which functions it is in. No port is opened; of the values that could be read there
 * none is asked for.
 */
function sample(report: (stack: readonly string[]) => void): void {
  const session = new Session();
  const urls = new Map<string, string>();
  let over = false;
  const end = (stack: readonly string[]): void => {
    if (over) return;
    over = true;
    clearTimeout(patience);
    // Also lets the main thread go on, where it is stopped.
    session.disconnect();
    report(stack);
  };
  const patience = setTimeout(end, PATIENCE_MS, []);
  try {
    session.connectToMainThread();
    session.on('Debugger.scriptParsed', ({ params }: InspectorNotification<Debugger.ScriptParsedEventDataType>) => {
      urls.set(params.scriptId, params.url);
    });
    session.once('Debugger.paused', ({ params }: InspectorNotification<Debugger.PausedEventDataType>) => {
      session.post('Debugger.resume');
      end(stackOf(params.callFrames, urls));
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  } catch {
    // A Node that was built without an inspector.
    end([]);
  }
}
