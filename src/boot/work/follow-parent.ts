import type { Facts } from '../../facts/index.ts';
import { PRESENCE_TTL_MS, type ClaimedJob, type Parent, type WorkerHost } from '../../runtime/index.ts';
import type { WorkerEnding } from './worker-ending.ts';

export interface FollowedParent {
  readonly parent: Parent;
  readonly name: string;
  readonly ending: WorkerEnding;
  readonly facts: Facts;
  /** Answers what the supervisor asks. */
  readonly answer: ((what: string) => unknown) | undefined;
  /** Ends this process, whatever still holds it. */
  readonly leave: () => void;
}

type LedHost = Pick<WorkerHost, 'hurry' | 'quiet' | 'figures'>;

export interface ParentLine {
  /** The job that this worker was started for, once the supervisor has named it. */
  readonly adopted: Promise<ClaimedJob>;
  /** Whom the supervisor hurries and keeps quiet from now on. */
  leads(host: LedHost): void;
  /** The parent's end is no news any more. */
  close(): void;
}

const LOAD_EVERY_MS = 2_000;
/** Without a supervisor: long enough to hand back what runs, and gone within half a presence period. */
const ORPHAN_SILENCE_MS = PRESENCE_TTL_MS / 4;
const ORPHAN_GRACE_MS = PRESENCE_TTL_MS / 4;

/** Does what the supervisor says, tells it how this process is loaded, and ends the worker when the supervisor is gone. */
export function followParent({ parent, name, ending, facts, answer, leave }: FollowedParent): ParentLine {
  const adopted = Promise.withResolvers<ClaimedJob>();
  let host: LedHost | undefined;
  let isQuiet = false;
  let closed = false;
  const tell = async (id: number, what: string): Promise<void> => {
    const value = await (async () => answer?.(what))().catch(() => undefined);
    parent.say({ kind: 'answer', id, value });
  };
  parent.onMessage(message => {
    if (message.kind === 'stop') ending.ask(message.graceMs);
    if (message.kind === 'hurry') host?.hurry();
    if (message.kind === 'quiet') {
      isQuiet = message.on;
      host?.quiet(isQuiet);
    }
    if (message.kind === 'adopt') adopted.resolve(message.job);
    if (message.kind === 'ask') void tell(message.id, message.what);
  });
  parent.onLost(ORPHAN_SILENCE_MS, () => {
    if (closed) return;
    facts.emit('worker.orphaned', { worker: name });
    ending.askAsFailed(ORPHAN_GRACE_MS);
    host?.hurry();
    setTimeout(leave, ORPHAN_GRACE_MS).unref();
  });
  const load = setInterval(() => {
    const megabytes = Math.round(process.memoryUsage.rss() / 1_048_576);
    parent.say({ kind: 'load', megabytes, figures: host?.figures() });
  }, LOAD_EVERY_MS).unref();
  return {
    adopted: adopted.promise,
    leads(next) {
      host = next;
      next.quiet(isQuiet);
    },
    close() {
      closed = true;
      clearInterval(load);
    },
  };
}
