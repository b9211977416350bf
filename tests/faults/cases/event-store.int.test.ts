import { smoke } from '../smoke.ts';
import { eventStoreFaults } from './event-store.ts';

smoke(eventStoreFaults);
