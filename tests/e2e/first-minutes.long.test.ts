import { describe } from 'vitest';
import { firstMinutes } from './first-minutes.ts';

describe('the first minutes on redis', () => {
  firstMinutes('redis');
});
