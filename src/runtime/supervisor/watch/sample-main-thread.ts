import { Session, type Debugger, type InspectorNotification } from 'node:inspector';
import { stackOf } from './stack.ts';

/**
 * A main thread that runs JavaScript is there within a few milliseconds (3 to 40, measured; more where it gets little of a processor); one
 * in a call of the system never is.
 */
const PATIENCE_MS = 1_200;

/**
 * Stops the main thread for an instant and reads which functions it is in. No port is opened; of the values that could be read there
 * none is asked for.
 */
export function sampleMainThread(report: (stack: readonly string[]) => void): void {
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
