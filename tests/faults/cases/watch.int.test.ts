import { smoke } from '../smoke.ts';
import { watchFaults } from './watch.ts';

smoke(watchFaults);
