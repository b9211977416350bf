import { ADD_SCRIPT, TURN_SCRIPT } from '../../src/engine/bullmq/redis/turns/index.ts';
import type { Scripts } from './open-pair.ts';

interface Mutant {
  readonly name: string;
  readonly script: keyof Scripts;
  readonly find: string;
  readonly put: string;
}

const turn = (name: string, find: string, put = ''): Mutant => ({ name, script: 'turn', find, put });
const add = (name: string, find: string, put = ''): Mutant => ({ name, script: 'add', find, put });

/** Our scripts with one condition or one write left out: the twin histories must tell each from BullMQ's. */
export const MUTANTS: readonly Mutant[] = [
  turn('stalled jobs stay marked', `call('SREM', stalled, unpack(unstalled))`),
  turn('locks stay', 'gone[#gone + 1] = lockKeys[i]'),
  turn(
    'what retention removes stays',
    `--#another-keep\n      flush(group)\n      deleteGone()`,
    'flush(group)\n gone = {}',
  ),
  turn('any token will do', 'if (ended and ended[id]) or lock ~= token then', 'if ended and ended[id] then'),
  turn('one end may be told twice', 'if (ended and ended[id]) or lock ~= token then', 'if lock ~= token then'),
  turn('another lock is told as none', 'return lock and not (ended and ended[id]) and -6 or -2', 'return -2'),
  turn(
    'children are not waited for',
    `if what == 's' and anyChildren and call('EXISTS', key .. ':dep`,
    `if false and call('EXISTS', key .. ':dep`,
  ),
  turn('keys stay', 'if ttl == 0 or (ttl == -1', 'if ttl == 0 or (false'),
  turn('keys of others are let go', `(ttl == -1 and call('GET', de) == id)`, '(ttl == -1)'),
  turn('keys lose their windows', `(ttl == -1 and call('GET', de) == id)`, 'ttl > 0'),
  turn('drained too late', 'if running then running = running - 1 end'),
  turn('children are looked for in vain', 'anyChildren = #children > 0 and', 'anyChildren = false and'),
  turn(
    'drained with priorities waiting',
    `call('EXISTS', prioritized, wait) > 0\n  if`,
    `call('EXISTS', wait) > 0\n  if`,
  ),
  turn('drained with jobs running', `call('LLEN', active)\n  return running == 0`, `0\n  return true`),
  turn(
    'drained with jobs waiting',
    `call('EXISTS', prioritized, wait) > 0\n  if`,
    `call('EXISTS', prioritized) > 0\n  if`,
  ),
  turn(
    'drained for it is known that none waits',
    `anyWaits = call('EXISTS', prioritized, wait) > 0`,
    `anyWaits = false`,
  ),
  turn(
    'attempts are used up too late',
    'if tonumber(made) >= tonumber(attempts) then',
    'if tonumber(made) > tonumber(attempts) then',
  ),
  turn('a deferred failure stays', `call('HDEL', key, 'defa')`, 'local _ = 0'),
  turn('delayed ones share a place', 'score = math.min(tonumber(last) + 1, most)', 'score = score'),
  turn('no sign for delayed ones', 'delayedMoved = true', 'delayedMoved = false'),
  turn('a retry promotes nobody', 'promote(isBlocked())\n  end\n\n  local forGood', 'end\n\n  local forGood'),
  turn(
    'what is not active ends all the same',
    `if call('LREM', active, what == 'b' and '1' or '-1', id) == 0 then`,
    `if call('LREM', active, -1, id) < 0 then`,
  ),
  turn('what is too old stays', `if tooOld ~= '' and call('ZCOUNT'`, `if false and call('ZCOUNT'`),
  turn('what is too old goes as what is too many', 'or oldest[2] - tooOld > 0 then', 'or true then'),
  turn(
    'what is too old goes a moment late',
    `call('ZCOUNT', group.set, '-inf', tooOld)`,
    `call('ZCOUNT', group.set, '-inf', '(' .. tooOld)`,
  ),
  turn('the oldest is no longer among the ended, as it is too old', `call('ZADD', group.set, oldest[2], oldest[1])`),
  turn(
    'the oldest that is too many is no longer among the ended, and is still there',
    'return remove({ oldest[1] })',
    'return',
  ),
  turn('one too few is kept', `call('ZCARD', group.set) - count or 0`, `call('ZCARD', group.set) - count + 1 or 0`),
  turn('retention of the first counts for all', 'if group.scored and group.keep ~= keepAt then', 'if false then'),
  turn('what is not to be kept is kept', `if ARGV[keepAt] ~= '0' then\n    call`, 'if true then\n    call'),
  turn('logs outlive their jobs', `others[n + 5] = key .. ':logs',`, `others[n + 5] = key,`),
  turn(
    'what jobs have beside their hashes outlives them',
    `if call('EXISTS', unpack(others, from, last)) > 0 then`,
    'if false then',
  ),
  turn('parents hear nothing of removed children', 'pcall(release, key, stored[1])\n    end', 'end'),
  turn('parents that are removed are released', 'deleteGone()\n      -- Of a parent', '-- Of a parent'),
  turn('parents are released in silence', `call('RPUSH', parent .. 'wait', parentId)`),
  turn('a stored successor is forgotten', `or (stored[2] and call('EXISTS', prefix .. 'dn:' .. stored[2]) == 1)`),
  turn('parents are not told of ends', 'if stored[3] or stored[4] or (stored[2]', 'if (stored[2]'),
  turn('metrics count turns', `call('HINCRBY', key, 'count', group.count - 1)`),
  turn('metrics have too many points', 'for _ = 2, points do', 'for _ = 1, points do'),
  turn('metrics are not cut', `call('LTRIM', key .. ':data', 0, metricsKept - 1)`),
  turn('priorities are forgotten by delays', 'if priority == 0 then\n      --#promote-wait', 'if true then'),
  turn('delays stay', `redis.pcall('HSET', prefix .. id, 'delay', '0')`),
  turn('promoting wakes a paused queue', 'if not blocked then\n    --#promote-marker', 'if true then'),
  turn('concurrency is not looked at', `(state[2] and call('LLEN', active) >= tonumber(state[2])) or false`, 'false'),
  turn('concurrency is exceeded by a turn', 'if state[2] then room', 'if false then room'),
  turn('failures count in the rate', 'if max and not doomed and', 'if max and'),
  turn('a rate never ends', `call('PEXPIRE', limiter, math.floor(math.abs(perMs)))`),
  turn('rates are not looked at', `if max > tonumber(call('GET', limiter) or 0) then`, 'if true then'),
  turn('starts are not counted', `'ats', started)`, `'ats', 1)`),
  turn('who runs it is not noted', `'pb', ARGV[6], `),
  turn('locks last too short', `'PX', ARGV[5])`, `'PX', 1000)`),
  turn('nobody else is woken', `if nth > 0 then call('ZADD', marker, '0', '0') end`),
  turn('the counter of priorities stays', `call('DEL', pc)`),
  turn('the last to come is first', `call('RPOP', wait, asked)`, `call('LPOP', wait, asked)`),
  turn('handed back to the tail', `--#back-wait\n      call('RPUSH', wait, id)`, `call('LPUSH', wait, id)`),
  turn(
    'handed back behind its priority',
    `priority * 4294967296, id)\n    else\n      --#back-wait`,
    `priority * 4294967296 + 4294967295, id)\n    else`,
  ),
  turn(
    'a snooze counts',
    `--#snooze\n      call('HSET', key, 'delay', a)`,
    `call('HSET', key, 'delay', a, 'atm', made)`,
  ),
  turn('a retry does not count', `call('HSET', key, 'atm', made, 'delay', a)`, `call('HSET', key, 'delay', a)`),
  turn('lines are not cut', `call('LTRIM', key .. ':logs', -note.keep, -1)`),
  turn('turns are done twice', 'if said and (said == turn or', 'if false and (said == turn or'),
  turn('what was not written is told as written when asked again', 'if not allWritten then', 'if false then'),
  turn('jobs that were lost with an answer are not told again', 'local nth = numbers[token]', 'local nth = nil'),
  turn('what is too large is lost', `call('RPUSH', wait, ids[back])`),
  turn('what is too large is active', `call('LTRIM', active, #ids - backFrom + 1, -1)`),
  add('ids are not counted', `call('INCRBY', counter, n)`),
  add('priorities share a place', '(before + i) % 4294967296', 'before'),
  add('nobody is woken', `call('ZADD', marker, '0', '0')`),
  add('a paused queue wakes', 'and not state[1]\n', '\n'),
  add('the last to come is the last', `elseif lifo then`, 'elseif false then'),
  add('an id is taken twice', `if (anyKnown or seen[id]) and call('EXISTS', key) == 1 then`, 'if false then'),
  add('an id is taken twice in one trip', `seen[id] = true`),
  add(
    'keys of lost jobs hold for ever',
    `if holder and call('PTTL', de) == -1 and call('EXISTS', prefix .. holder) == 0 then`,
    'if false then',
  ),
  add('keys are not noted on jobs', `, 'deid', deid)`, ')'),
  add('keys have no window', `id, 'PX', extra.ttl)`, 'id)'),
  add('adds are done twice', `if said and string.sub(said, 1, #trip) == trip then`, 'if false then'),
  add('other answers are not remembered', `others[#others + 1] = answer`, 'others[#others] = nil'),
  add('no sign of delayed ones', `call('ZADD', marker, call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] / 4096, '1')`),
  add('duplicates are silent', `call('XADD', events, '*', 'event', 'duplicated', 'jobId', id)`),
];

/** @throws Error where the text that it changes is not there once: the mutant must be brought up to date */
export function mutated({ name, script, find, put }: Mutant): Scripts {
  const texts = { turn: TURN_SCRIPT, add: ADD_SCRIPT };
  if (texts[script].split(find).length !== 2) throw new Error(`"${name}" finds its text not once: ${find}`);
  return { ...texts, [script]: texts[script].replace(find, () => put) };
}
