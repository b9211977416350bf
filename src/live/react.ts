import { watchJobs, type LiveJob, type WatchEnd } from './watch-jobs.ts';

/** What of React is used: the page hands its own over, so that no version of it is a dependency here. Preact's does as well. */
export interface ReactHooks {
  useState<State>(initial: State): [State, (next: State | ((before: State) => State)) => void];
  useEffect(effect: () => void | (() => void), dependencies: readonly unknown[]): void;
}

/** What a component sees. */
export interface JobsSeen {
  /** In the order in which they were first seen. */
  readonly jobs: readonly LiveJob[];
  /** Why nothing more comes; undefined while something may. */
  readonly ended: WatchEnd | undefined;
}

/** Of which address: what was seen at another one is not shown under this one, not even once. */
type Seen = JobsSeen & { readonly url: string | undefined };

const nothingOf = (url: string | undefined): Seen => ({ jobs: [], ended: undefined, url });

/**
 * Makes the hook: `export const useJobs = createUseJobs(React)`. A component calls it with the address of its `jobEvents`, or with undefined while
 * there is nothing to follow; it stops when the component is gone.
 */
export function createUseJobs({ useState, useEffect }: ReactHooks): (url: string | undefined) => JobsSeen {
  return url => {
    const [seen, setSeen] = useState<Seen>(nothingOf(url));
    useEffect(() => {
      setSeen(nothingOf(url));
      if (url === undefined) return undefined;
      const watched = watchJobs(url, {
        onJob: job => setSeen(before => ({ ...before, jobs: withJob(before.jobs, job) })),
        onEnd: ended => setSeen(before => (ended === 'stopped' ? before : { ...before, ended })),
      });
      return () => watched.stop();
    }, [url]);
    return seen.url === url ? seen : nothingOf(url);
  };
}

function withJob(jobs: readonly LiveJob[], job: LiveJob): readonly LiveJob[] {
  const at = jobs.findIndex(({ id }) => id === job.id);
  return at === -1 ? [...jobs, job] : jobs.with(at, job);
}
