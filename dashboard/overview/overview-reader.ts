import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { readSeries, SettledCounts, type JournalStore, type RangeName, type Series } from '../../src/journal/index.ts';
import { readFlows, SAME_LOOK_MS, type Flows, type Work, type WorkReader } from '../../src/standing/index.ts';
import type { ReadinessProbe } from '../health/readiness.ts';
import { isEngineAway } from '../http/engine-away.ts';

export interface OverviewReaderOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly probe: Pick<ReadinessProbe, 'ask'>;
  readonly works: Pick<WorkReader, 'read'>;
  /** Whether every queue is open by now. */
  readonly isComplete: () => boolean;
  readonly journal: () => Promise<JournalStore>;
  readonly report: (error: unknown) => void;
}

/** What the overview shows, as far as it could be read. */
export interface OverviewReading {
  /** Undefined while the engine does not answer. */
  readonly work: Work | undefined;
  /** Undefined where the journal cannot be read. */
  readonly flows: Flows | undefined;
  readonly series: Series | undefined;
  /** What stands in the way, in our words. */
  readonly problems: readonly string[];
}

const SERIES_FRESH_MS = 9_000;
/** What the engine has just answered it need not be asked whether it answers. */
const PROBED_MS = 30_000;

/** Reads what the overview shows, once for all who look at about the same time. Never rejects. */
export class OverviewReader {
  readonly #options: OverviewReaderOptions;
  readonly #counts: SettledCounts;
  readonly #flows = new WeakMap<Work, Promise<Flows | undefined>>();
  readonly #series = new Map<RangeName, { readonly at: number; readonly read: Promise<Series | undefined> }>();

  /** What was reported last, until the work can be read again. */
  #said: string | undefined;

  constructor(options: OverviewReaderOptions) {
    this.#options = options;
    this.#counts = new SettledCounts(options.journal, () => options.engine.clock.now());
  }

  read(range: RangeName): Promise<OverviewReading> {
    return this.#read(range);
  }

  /** For those who are sent it every few seconds: what another page has read meanwhile would make them wait for news twice as long. */
  readAnew(range: RangeName): Promise<OverviewReading> {
    return this.#read(range, SAME_LOOK_MS);
  }

  async #read(range: RangeName, freshMs?: number): Promise<OverviewReading> {
    const { works, isComplete, probe } = this.#options;
    const complete = isComplete();
    let away: unknown;
    const [work, series] = await Promise.all([
      (complete ? works.read(freshMs) : undefined)?.catch((error: unknown) => {
        if (isEngineAway(error)) away = error;
        else this.#sayOnce(error);
        return undefined;
      }),
      complete ? this.#seriesOf(range) : undefined,
    ]);
    const [flows, { details }] = await Promise.all([
      work && this.#flowsOf(work),
      probe.ask(work === undefined ? undefined : PROBED_MS),
    ]);
    const unread = work === undefined && details.length === 0;
    // It answers the probe: a statement took too long, or it was away for a moment alone.
    if (unread && away !== undefined) this.#sayOnce(away);
    if (work !== undefined) this.#said = undefined;
    const why = complete
      ? 'The queues could not be read; the log of the dashboard says why.'
      : 'The queues are not open yet.';
    const problems = unread ? [why] : details;
    return { work, flows, series, problems };
  }

  /** Once for as long as it lasts: each page that is open, of each range and role, looks every few seconds. */
  #sayOnce(error: unknown): void {
    const words = String(error);
    if (words === this.#said) return;
    this.#said = words;
    this.#options.report(error);
  }

  #flowsOf(work: Work): Promise<Flows | undefined> {
    const { app, journal } = this.#options;
    const known = this.#flows.get(work);
    if (known !== undefined) return known;
    // That the journal is away is said on the page, where its charts would be.
    const read = readFlows({ app, counts: this.#counts, journal }, work).catch(() => undefined);
    this.#flows.set(work, read);
    return read;
  }

  #seriesOf(range: RangeName): Promise<Series | undefined> {
    const now = this.#options.engine.clock.now();
    const known = this.#series.get(range);
    if (known !== undefined && now >= known.at && now - known.at <= SERIES_FRESH_MS) return known.read;
    const read = readSeries(this.#counts, range, now).catch(() => undefined);
    this.#series.set(range, { at: now, read });
    return read;
  }
}
