import type { Engine } from '../../engine/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { Ledger, type LedgerOptions } from './ledger.ts';
import { openState } from '../store/open-state.ts';
import { patientStore, type LedgerStore } from '../store/patient-store.ts';
import { EngineSecrets } from '../secret/secret-source.ts';

/** The ledgers of a process on one engine: each as patient as the run that opens it, all with the same secrets. */
export class Ledgers {
  readonly #engine: Engine;
  #secrets: EngineSecrets | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async open(options: Omit<LedgerOptions, 'secrets'> & { readonly signal: AbortSignal }): Promise<Ledger> {
    const store = patientStore(await openState(this.#engine), options.signal);
    return new Ledger(store, { ...options, secrets: await this.#secretsBy(store) });
  }

  /** Waited for like everything else that a run asks: under names that others do not know an effect would be done again. */
  async #secretsBy(store: LedgerStore): Promise<Secrets> {
    const known = this.#secrets?.known;
    if (known !== undefined) return known;
    const source = new EngineSecrets(this.#engine.secrets, async () => store);
    const loaded = await source.load();
    this.#secrets = source;
    return loaded;
  }
}
