import { smoke } from '../smoke.ts';
import { stops } from './stops.ts';

smoke(stops);
