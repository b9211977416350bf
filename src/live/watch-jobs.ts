/** A job as its page may see it: what its contract lists in `publicFields`, beside its state. */
export interface LiveJob {
  readonly id: string;
  /** Of its contract. */
  readonly name: string;
  readonly state: 'waiting' | 'delayed' | 'running' | 'succeeded' | 'cancelled' | 'expired' | 'dead' | 'unknown';
  readonly data?: unknown;
  readonly progress?: unknown;
  readonly result?: unknown;
}

/**
 * Why nothing more comes: the job is `over`, or `gone` (past its retention); the sign-in is `not-allowed` any more; the server `refused`, with its
 * status; the page has `stopped`.
 */
export type WatchEnd = 'over' | 'gone' | 'not-allowed' | 'refused' | 'stopped';

export interface WatchOptions {
  /** Called with a job when it is first seen, and whenever it has changed. */
  readonly onJob: (job: LiveJob) => void;
  /** Called once. */
  readonly onEnd?: (reason: WatchEnd, status?: number) => void;
  /** Beside the cookies of this site, which go along. Never put a token into the address. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface WatchedJobs {
  stop(): void;
}

const LONGEST_PAUSE_MS = 30_000;
/** A stream says something every 15 s: behind a network that has gone silently nobody would ever hear of its end. */
const SILENT_MS = 60_000;

/** What one connection came to: an end, or nothing, and then it is tried again. */
type Ended = readonly [reason: WatchEnd, status?: number] | undefined;

/**
 * Follows the jobs of one address of the app's own, mounted with `jobEvents`. Lost connections are made again, with pauses that grow, and go on with
 * what has changed meanwhile.
 */
export function watchJobs(url: string, options: WatchOptions): WatchedJobs {
  const { onJob, onEnd, headers, fetch = globalThis.fetch } = options;
  const left = new AbortController();
  const { signal } = left;
  let seen = '';
  let failures = 0;

  const connect = async (): Promise<Ended> => {
    const own = new AbortController();
    const leave = (): void => own.abort();
    signal.addEventListener('abort', leave);
    let silence = setTimeout(leave, SILENT_MS);
    try {
      const response = await fetch(url, {
        headers: { ...headers, Accept: 'text/event-stream', ...(seen && { 'Last-Event-ID': seen }) },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: own.signal,
      });
      const { status, body } = response;
      // What this caller asked too often, or a server that is away, is asked again later.
      if (status >= 500 || status === 429 || status === 408) return undefined;
      // Also the page that a sign-in sends instead.
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      if (!response.ok || !body || !isStream) return ['refused', status];
      const reader = body.getReader();
      const decoder = new TextDecoder();
      let text = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        clearTimeout(silence);
        silence = setTimeout(leave, SILENT_MS);
        text += decoder.decode(value, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          // What has come by the time of a stop is for nobody any more.
          if (signal.aborted) return undefined;
          // A line ends with \n alone: a text in the data may hold other separators of lines.
          const field = (name: string): string => {
            const line = event.split('\n').find(each => each.startsWith(`${name}: `));
            return line?.slice(name.length + 2) ?? '';
          };
          const data: unknown = JSON.parse(field('data') || 'null');
          if (field('event') === 'job') {
            seen = field('id');
            failures = 0;
            try {
              onJob(data as LiveJob);
            } catch (error) {
              // The page's own fault is shown where its others are, and ends nothing.
              setTimeout(() => {
                throw error;
              });
            }
          }
          if (field('event') !== 'end') continue;
          const { reason } = data as { readonly reason: string };
          if (reason === 'over' || reason === 'gone' || reason === 'not-allowed') return [reason];
          failures = 0;
        }
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', leave);
      // Whatever ended it: a connection that nobody reads counts for its caller.
      leave();
    }
  };

  const follow = async (): Promise<void> => {
    for (;;) {
      const ended = await connect().catch(() => undefined);
      if (signal.aborted) return onEnd?.('stopped');
      if (ended) return onEnd?.(...ended);
      // Not all pages at once, when a server comes back.
      const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2);
      failures += 1;
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, pause);
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      });
      if (signal.aborted) return onEnd?.('stopped');
    }
  };
  void follow();
  return { stop: () => left.abort() };
}
