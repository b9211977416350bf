import { smoke } from '../smoke.ts';
import { providers } from './providers.ts';

smoke(providers);
