export { LostSigns } from './lost-signs.ts';
export { RedisTurnQueue } from './redis-turn-queue.ts';
export { ADD_SCRIPT } from './scripts/add-script.ts';
export { TURN_SCRIPT } from './scripts/turn-script.ts';
