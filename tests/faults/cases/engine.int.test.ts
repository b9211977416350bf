import { smoke } from '../smoke.ts';
import { engineFaults } from './engine.ts';

smoke(engineFaults);
