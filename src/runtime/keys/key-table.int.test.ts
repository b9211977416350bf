import { engineCases } from '../../../tests/support/engines.ts';
import { keyTable } from './key-table.contract-suite.ts';

for (const each of engineCases) keyTable(each);
