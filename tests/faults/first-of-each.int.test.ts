import { firstOfEach } from './all-cases.ts';
import { smoke } from './smoke.ts';

smoke(firstOfEach);
