import { smoke } from '../smoke.ts';
import { sessionFaults } from './sessions.ts';

smoke(sessionFaults);
