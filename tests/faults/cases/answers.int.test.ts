import { smoke } from '../smoke.ts';
import { answerFaults } from './answers.ts';

smoke(answerFaults);
