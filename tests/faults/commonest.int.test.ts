import { commonest } from './all-cases.ts';
import { smoke } from './smoke.ts';

smoke(commonest);
