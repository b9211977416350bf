import { engineCases } from '../../../tests/support/engines.ts';
import { stateContract } from './state-store.contract-suite.ts';

for (const engineCase of engineCases) stateContract(engineCase);
