import { smoke } from '../smoke.ts';
import { shopFaults } from './shop.ts';

smoke(shopFaults);
