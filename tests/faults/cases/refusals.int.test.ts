import { smoke } from '../smoke.ts';
import { refusals } from './refusals.ts';

smoke(refusals);
