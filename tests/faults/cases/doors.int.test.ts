import { smoke } from '../smoke.ts';
import { doorFaults } from './doors.ts';

smoke(doorFaults);
