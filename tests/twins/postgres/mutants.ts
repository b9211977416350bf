import { TURN_FUNCTIONS } from '../../../src/engine/bullmq/postgres/turns/index.ts';

export interface Mutant {
  readonly name: string;
  readonly find: string;
  readonly put: string;
}

const mutant = (name: string, find: string, put = ''): Mutant => ({ name, find, put });

/** Our statements with one condition or one write left out: the twin histories must tell each from BullMQ's functions. */
export const MUTANTS: readonly Mutant[] = [
  mutant('any token will do', 'held.lock_token IS DISTINCT FROM e.token THEN -6', 'false THEN -6'),
  mutant('what is not active ends all the same', "WHEN held.state <> 'active' THEN -3", 'WHEN false THEN -3'),
  mutant('one end may be told twice', 'count(id) > (SELECT count(*) FROM held)', 'false'),
  mutant('parents are not told of ends', 'finishes AND parent_id IS NOT NULL', 'false'),
  mutant('children are not waited for', 'id = ANY (v_parents) OR '),
  mutant('a stored successor is forgotten', 'coalesce(key = ANY (v_next_keys), false)', 'false'),
  mutant(
    'locks stay at success',
    'finished_at_ms = p_now,\n             lock_token = NULL, locked_until_ms = NULL, attempts_made',
    'finished_at_ms = p_now, attempts_made',
  ),
  mutant(
    'a failure is no attempt',
    'deferred_failure = NULL,\n             attempts_made = attempts_made + 1',
    'deferred_failure = NULL',
  ),
  mutant('a deferred failure stays', 'locked_until_ms = NULL, deferred_failure = NULL,', 'locked_until_ms = NULL,'),
  mutant('attempts are said before the last', "'attemptsMade', made + 1", "'attemptsMade', made"),
  mutant('stacks are not kept', "stacktrace = coalesce(e.body -> 'stack', stacktrace),"),
  mutant(
    'what is not to be kept is kept',
    "IF p_remove THEN\n      DELETE FROM job WHERE queue = p_queue AND id = ANY (p_ids);\n    ELSE\n      UPDATE job\n         SET state = 'completed'",
    "IF false THEN NULL;\n    ELSE\n      UPDATE job\n         SET state = 'completed'",
  ),
  mutant('ages are milliseconds', 'p_now - p_age * 1000', 'p_now - p_age'),
  mutant('one too many is kept', 'OFFSET p_count LIMIT 1', 'OFFSET p_count + 1 LIMIT 1'),
  mutant(
    'retention of the first counts for all',
    'GROUP BY 1, 2, 3, 4 ORDER BY kind, min(place)',
    'GROUP BY 1, 2, 3, 4 ORDER BY kind, min(place) DESC',
  ),
  mutant('keys stay', '(dedup.expire_at_ms IS NULL AND dedup.job_id = ended.id)', '(false)'),
  mutant(
    'keys of others are let go',
    '(dedup.expire_at_ms IS NULL AND dedup.job_id = ended.id)',
    '(dedup.expire_at_ms IS NULL)',
  ),
  mutant('keys lose their windows', ' OR dedup.expire_at_ms <= p_now)', ' OR dedup.expire_at_ms IS NOT NULL)'),
  mutant(
    'drained with jobs running',
    "IF EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'active') THEN RETURN; END IF;\n    IF",
    ' IF',
  ),
  mutant(
    'drained with jobs waiting',
    "OR NOT EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'waiting') THEN\n      PERFORM publish",
    'OR true THEN\n      PERFORM publish',
  ),
  mutant('metrics count turns', 'SET count = count + p_jobs - 1', 'SET count = count'),
  mutant('a snooze counts', "(body ->> 'skip')::boolean THEN 0", "(body ->> 'skip')::boolean THEN 1"),
  mutant('a retry does not count', 'attempts_made + CASE WHEN p_back THEN 0 ELSE 1 END', 'attempts_made'),
  mutant(
    'handed back to the tail',
    "WHEN p_back OR (body ->> 'lifo')::boolean THEN -1",
    "WHEN (body ->> 'lifo')::boolean THEN -1",
  ),
  mutant('handed back in the wrong order', 'CASE WHEN p_back THEN -place ELSE place END AS place', 'place'),
  mutant(
    'a retry keeps its place',
    "SET state = 'waiting', seq = e.seq, lock_token",
    "SET state = 'waiting', lock_token",
  ),
  mutant(
    'delays are silent',
    "SELECT p_queue, 'delayed', jsonb_build_object('jobId', id, 'delay', at), shiftwork_now() FROM e ORDER BY place",
    "SELECT p_queue, 'delayed', jsonb_build_object('jobId', id, 'delay', at), shiftwork_now() FROM e WHERE false",
  ),
  mutant('lines are not cut', "AND idx < v_next + 1 - (p_end ->> 'lines')::bigint", 'AND false'),
  mutant('nobody is promoted', 'PERFORM shiftwork_promote(p_queue, at);'),
  mutant('delays stay', "SET state = 'waiting', delay_ms = 0 FROM due", "SET state = 'waiting' FROM due"),
  mutant('a pause is not looked at', "IF v_paused = '1' THEN", "IF v_paused = '2' THEN"),
  mutant(
    'concurrency is exceeded by a turn',
    'IF v_left < room THEN\n        room := greatest(v_left, 0);',
    'IF v_left <= 0 THEN\n        room := greatest(v_left, 0);',
  ),
  mutant('concurrency is not looked at', 'IF v_concurrency IS NOT NULL THEN', 'IF false THEN'),
  mutant('rates are not looked at', 'IF v_max IS NULL THEN RETURN; END IF;', 'RETURN;'),
  mutant(
    'a window is counted in turns',
    'VALUES (p_queue, p_jobs, p_now + p_duration)',
    'VALUES (p_queue, 1, p_now + p_duration)',
  ),
  mutant(
    'a rate is exceeded by a turn',
    'greatest(v_max - v_points, 0)',
    'CASE WHEN v_points >= v_max THEN 0 ELSE room END',
  ),
  mutant(
    'starts are not counted',
    'processed_by = p_name, attempts_started = attempts_started + 1',
    'processed_by = p_name',
  ),
  mutant(
    'priorities are not looked at',
    "state = 'waiting' ORDER BY priority, seq LIMIT p_room",
    "state = 'waiting' ORDER BY seq LIMIT p_room",
  ),
  mutant('bytes are not looked at', 'place = 1 OR before < coalesce(p_bytes, before + 1)', 'true'),
  mutant('turns are done twice', 'IF p_again THEN', 'IF false THEN'),
  mutant('events are not trimmed', 'DELETE FROM event WHERE queue = p_queue AND id <= v_mark - v_max;', 'NULL;'),
  mutant('LIFO jobs come last', "WHEN (e ->> 'lifo')::boolean THEN -1", "WHEN (e ->> 'lifo')::boolean THEN 1"),
  mutant('keys have no window', 'CASE WHEN ttl > 0 THEN at + ttl END FROM fresh', 'NULL FROM fresh'),
  mutant(
    'keys of lost jobs hold for ever',
    'dedup.expire_at_ms IS NULL AND EXISTS (\n',
    'dedup.expire_at_ms IS NULL OR EXISTS (\n',
  ),
  mutant(
    'keys are not noted on jobs',
    'THEN at + delay END, key, scheduler_id',
    'THEN at + delay END, NULL, scheduler_id',
  ),
  mutant('duplicates are silent', "CASE WHEN NOT is_new THEN 'duplicated'", "CASE WHEN NOT is_new THEN 'added'"),
  mutant(
    'keys that replace are simple',
    "- '{id,ttl,keep,for,always,data,maxWait}'::text[] <> '{}'::jsonb",
    "- '{id,ttl,replace,keepLastIfActive,extend}'::text[] <> '{}'::jsonb",
  ),
];

/** @throws Error where the text that it changes is not there once: the mutant must be brought up to date */
export function mutated({ name, find, put }: Mutant): string {
  const parts = TURN_FUNCTIONS.split(find).length - 1;
  if (parts !== 1) throw new Error(`"${name}" finds its text ${parts} times: ${find}`);
  return TURN_FUNCTIONS.replace(find, () => put);
}
