import { smoke } from '../smoke.ts';
import { batchFaults } from './batches.ts';

smoke(batchFaults);
