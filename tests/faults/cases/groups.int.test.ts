import { smoke } from '../smoke.ts';
import { groupFaults } from './groups.ts';

smoke(groupFaults);
