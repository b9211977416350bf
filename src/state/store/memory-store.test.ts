import { stateContractOf } from './state-store.contract-suite.ts';
import { ledgerContract } from '../ledger/ledger.contract-suite.ts';
import { MemoryStateStore } from './memory-store.ts';

const open = async () => ({ store: new MemoryStateStore(), close: async () => undefined });

stateContractOf('memory', open);
ledgerContract('memory', open);
