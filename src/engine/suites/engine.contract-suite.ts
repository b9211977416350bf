import { awayContract } from './away.contract-suite.ts';
import { queuesContract } from './queues.contract-suite.ts';
import type { EngineContractCase } from './trial.contract-suite.ts';

/** What every engine promises. */
export function engineContract(engineCase: EngineContractCase): void {
  queuesContract(engineCase);
  awayContract(engineCase);
}
