import { smoke } from '../smoke.ts';
import { clockFaults } from './clocks.ts';

smoke(clockFaults);
