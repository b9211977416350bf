import { smoke } from '../smoke.ts';
import { schedules } from './schedules.ts';

smoke(schedules);
