import { smoke } from '../smoke.ts';
import { transportFaults } from './transports.ts';

smoke(transportFaults);
