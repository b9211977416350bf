import { smoke } from '../smoke.ts';
import { orderFaults } from './order.ts';

smoke(orderFaults);
