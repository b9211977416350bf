import { allCases } from './all-cases.ts';
import { smoke } from './smoke.ts';

smoke(allCases.filter(({ always = false }) => always));
