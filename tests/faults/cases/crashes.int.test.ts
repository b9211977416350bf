import { smoke } from '../smoke.ts';
import { crashes } from './crashes.ts';

smoke(crashes);
