import { smoke } from '../smoke.ts';
import { outboxFaults } from './outbox.ts';

smoke(outboxFaults);
