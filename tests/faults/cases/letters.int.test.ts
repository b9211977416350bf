import { smoke } from '../smoke.ts';
import { letterFaults } from './letters.ts';

smoke(letterFaults);
