import type { RedisClient, RedisKeys } from '../../../redis/index.ts';
import {
  countEnds,
  ENDED_KEPT_MS,
  OPEN_KEPT_MS,
  readMember,
  type BatchCounts,
  type BatchStore,
  type Callback,
  type MemberEnd,
  type NewBatch,
  type PendingPage,
  type PendingStep,
  type StoredBatch,
} from '../../batches/index.ts';
import { Script } from './turns/script.ts';
import { MEMBERS_ENDED } from './turns/scripts/settle.ts';

/**
 * What is said of many members travels as one text: as an argument each, the members of a batch of 10,000 cost this process a tenth of all it did.
 *
 * KEYS of all: the batch (a hash), its members that have not ended (a set), those that have (a hash: `STATE TIME`). On a cluster they share a slot.
 */
const STANDS = `
local call = redis.call
local batch, open, ended = KEYS[1], KEYS[2], KEYS[3]
local function stands() return { call('HGETALL', batch), call('SCARD', open) } end
local function keep(ms)
  for i = 1, 3 do call('PEXPIRE', KEYS[i], ms) end
end
`;

/** ARGV: name, callbacks, now, kept. */
const CREATE = `${STANDS}
if call('EXISTS', batch) == 0 then
  call('HSET', batch, 'name', ARGV[1], 'callbacks', ARGV[2], 'at', ARGV[3], 'touched', ARGV[3])
  keep(ARGV[4])
end
return stands()`;

/** ARGV: now, kept, ids. Returns a text with 1 for each that has not ended and 0 for the others; nothing where one cannot become a member. */
const ADD = `${STANDS}
local answers, new = {}, {}
local over = call('HEXISTS', batch, 'ended') == 1
if call('EXISTS', batch) == 0 then return false end
for i, id in ipairs(cjson.decode(ARGV[3])) do
  if call('SISMEMBER', open, id) == 1 then answers[i] = '1'
  elseif call('HEXISTS', ended, id) == 1 then answers[i] = '0'
  elseif over then return false
  else
    new[#new + 1] = id
    answers[i] = '1'
  end
end
if #new > 0 then
  call('SADD', open, unpack(new))
  call('HSET', batch, 'touched', ARGV[1])
  keep(ARGV[2])
end
return table.concat(answers)`;

/** ARGV: now, kept, the member, who takes its place. Returns 1 where that is a member then. */
const REPLACE = `${STANDS}
local old, new = ARGV[3], ARGV[4]
if call('EXISTS', batch) == 0 then return 0 end
if call('SISMEMBER', open, new) == 1 or call('HEXISTS', ended, new) == 1 then return 1 end
local before = call('HGET', ended, old)
if call('SREM', open, old) == 0 and not before then return 0 end
if before then
  call('HDEL', ended, old)
  call('HINCRBY', batch, 'n:' .. string.match(before, '^%a+'), -1)
end
call('SADD', open, new)
call('HSET', batch, 'touched', ARGV[1])
keep(ARGV[2])
return 1`;

/** `forget(ends, said)`: removes records of a hash, unless a later end has replaced them. `said`: by state and batch, id and time of each in turns. */
const FORGET = `
local function text(at) return string.format('%.0f', at) end
local function forget(ends, said)
  for like, its in pairs(said) do
    local state, id = string.match(like, '^(%a+) (.*)$')
    -- As many as Lua's stack holds.
    for from = 1, #its, 2000 do
      local ids, texts = {}, {}
      for i = from, math.min(from + 1999, #its), 2 do
        ids[#ids + 1] = its[i]
        texts[#texts + 1] = state .. ' ' .. text(its[i + 1]) .. ' ' .. id
      end
      local gone = {}
      for i, stands in ipairs(redis.call('HMGET', ends, unpack(ids))) do
        if stands == texts[i] then gone[#gone + 1] = ids[i] end
      end
      if #gone > 0 then redis.call('HDEL', ends, unpack(gone)) end
    end
  end
end
`;

/**
 * KEYS: further the ends of the queue that has recorded them, where it shares a slot with the batch. ARGV: now, kept once ended, the batch's id, id and
 * time of each by state. Returns the batch where it may have something to call back; else the records are forgotten.
 */
const BRING = `${STANDS}${FORGET}
local said = cjson.decode(ARGV[4])
local function nothing()
  if KEYS[4] then
    local records = {}
    for state, its in pairs(said) do records[state .. ' ' .. ARGV[3]] = its end
    forget(KEYS[4], records)
  end
  return false
end
if call('EXISTS', batch) == 0 then return nothing() end
local counts, changed = {}, {}
local function count(state, n) counts[state] = (counts[state] or 0) + n end
for state, its in pairs(said) do
  for i = 1, #its, 2 do
    local id, at = its[i], its[i + 1]
    local isNew = call('SREM', open, id) == 1
    local before = not isNew and call('HGET', ended, id)
    if isNew or before then
      local old, time = string.match(before or '', '^(%a+) (%d+)$')
      if not old or tonumber(time) < at then
        if old then count(old, -1) end
        count(state, 1)
        call('HSET', ended, id, state .. ' ' .. text(at))
        changed[1] = true
      end
    end
  end
end
for state, n in pairs(counts) do call('HINCRBY', batch, 'n:' .. state, n) end
if changed[1] then call('HSET', batch, 'touched', ARGV[1]) end
local isOver = call('SCARD', open) == 0
if isOver and changed[1] then
  call('HSETNX', batch, 'ended', ARGV[1])
  keep(ARGV[2])
end
if not isOver and (call('HEXISTS', batch, 'called:death') == 1 or (tonumber(call('HGET', batch, 'n:dead') or 0) == 0)) then return nothing() end
return stands()`;

/** KEYS: the ends of a queue. ARGV: what `forget` is told. */
const BROUGHT = `${FORGET}
forget(KEYS[1], cjson.decode(ARGV[1]))`;

/** KEYS: those that may still call back, by when they were looked at. ARGV: how many, now. */
const UNFINISHED = `
local ids = redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], ARGV[2], id) end
return ids`;

/** KEYS: the batch. ARGV: what it is to call back from now on, and what it was to before, if that matters. A batch that is gone is not made anew. */
const CALLBACKS = `
local was = redis.call('HGET', KEYS[1], 'callbacks')
if not was or (ARGV[2] and was ~= ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'callbacks', ARGV[1])
return 1`;

export interface RedisBatchesOptions {
  readonly commands: RedisClient;
  readonly keys: RedisKeys;
}

/** A batch has a slot of its own on a cluster; the ends of members stand in that of their queue until they are brought. */
export class RedisBatches implements BatchStore {
  readonly turnsBring = false;
  readonly #options: RedisBatchesOptions;
  readonly #create: Script;
  readonly #add: Script;
  readonly #replace: Script;
  readonly #bring: Script;
  readonly #brought: Script;
  readonly #unfinished: Script;
  readonly #callbacks: Script;

  constructor(options: RedisBatchesOptions) {
    this.#options = options;
    const { commands } = options;
    this.#create = new Script(commands, CREATE);
    this.#add = new Script(commands, ADD);
    this.#replace = new Script(commands, REPLACE);
    this.#bring = new Script(commands, BRING);
    this.#brought = new Script(commands, BROUGHT);
    this.#unfinished = new Script(commands, UNFINISHED);
    this.#callbacks = new Script(commands, CALLBACKS);
  }

  async create({ id, name, callbacks, at }: NewBatch): Promise<StoredBatch> {
    // Before the batch: one that is listed and not there is taken off the list.
    await this.#options.commands.zadd(this.#list, 'NX', at, id);
    const stands = standing(id, await this.#create.run(this.#keysOf(id), [name, callbacks, at, OPEN_KEPT_MS]));
    if (stands === undefined) throw new TypeError('Expected the batch that was made.');
    return stands;
  }

  async addMembers(id: string, jobIds: readonly string[], now: number): Promise<readonly boolean[] | undefined> {
    const answers = await this.#add.run(this.#keysOf(id), [now, OPEN_KEPT_MS, JSON.stringify(jobIds)]);
    return typeof answers === 'string' ? Array.from(answers, answer => answer === '1') : undefined;
  }

  async replaceMember(id: string, jobId: string, by: string, now: number): Promise<boolean> {
    return (await this.#replace.run(this.#keysOf(id), [now, OPEN_KEPT_MS, jobId, by])) === 1;
  }

  async bring(ends: readonly MemberEnd[], now: number, recordedIn?: string): Promise<readonly StoredBatch[]> {
    const records = recordedIn === undefined ? undefined : await this.#endsOf(recordedIn);
    const isTogether = records !== undefined && this.#options.keys.together;
    const brought = await Promise.all(
      [...Map.groupBy(ends, ({ batchId }) => batchId)].map(async ([id, its]) => {
        const keys = isTogether ? [...this.#keysOf(id), records] : this.#keysOf(id);
        const args = [now, ENDED_KEPT_MS, id, JSON.stringify(timesBy(its, ({ state }) => state))];
        const batch = standing(id, await this.#bring.run(keys, args));
        if (batch === undefined && recordedIn !== undefined && !isTogether) await this.brought(recordedIn, its);
        return batch;
      }),
    );
    return brought.filter(batch => batch !== undefined);
  }

  async unbrought(queue: string): Promise<readonly MemberEnd[]> {
    const found = await this.#options.commands.hgetall(await this.#endsOf(queue));
    return Object.entries(found).flatMap(([jobId, text]) => readMember(jobId, text) ?? []);
  }

  async brought(queue: string, ends: readonly MemberEnd[]): Promise<void> {
    if (ends.length === 0) return;
    const said = timesBy(ends, ({ batchId, state }) => `${state} ${batchId}`);
    await this.#brought.run([await this.#endsOf(queue)], [JSON.stringify(said)]);
  }

  async calledBack(id: string, callbacks: readonly Callback[]): Promise<void> {
    const [batch = ''] = this.#keysOf(id);
    // A batch that is gone is not made anew.
    if ((await this.#options.commands.exists(batch)) === 0) return;
    await this.#options.commands.hset(batch, Object.fromEntries(callbacks.map(each => [`called:${each}`, 1])));
  }

  async read(id: string): Promise<StoredBatch | undefined> {
    const [batch = '', open = ''] = this.#keysOf(id);
    const { commands } = this.#options;
    const [fields, count] = await Promise.all([commands.hgetall(batch), commands.scard(open)]);
    return standing(id, [Object.entries(fields).flat(), count]);
  }

  async openMembers(id: string, atMost: number): Promise<readonly string[]> {
    const [, open = ''] = this.#keysOf(id);
    return this.#options.commands.srandmember(open, atMost);
  }

  async unfinished(atMost: number, now: number): Promise<readonly string[]> {
    const ids = await this.#unfinished.run([this.#list], [atMost, now]);
    return Array.isArray(ids) ? ids.map(String) : [];
  }

  async finished(id: string, callbacks?: string): Promise<void> {
    // First: who dies in between has it looked at once more.
    if (callbacks !== undefined) await this.#callbacks.run(this.#keysOf(id).slice(0, 1), [callbacks]);
    await this.#options.commands.zrem(this.#list, id);
  }

  async pending({ from = '0', most }: PendingStep): Promise<PendingPage> {
    const [next, pairs] = await this.#options.commands.zscan(this.#list, from, 'COUNT', most);
    return { ids: pairs.filter((_, index) => index % 2 === 0), next: next === '0' ? undefined : next };
  }

  async changeCallbacks(id: string, from: string, to: string): Promise<boolean> {
    return (await this.#callbacks.run(this.#keysOf(id).slice(0, 1), [to, from])) === 1;
  }

  get #list(): string {
    return this.#options.keys.own('~batches');
  }

  #keysOf(id: string): readonly string[] {
    const key = this.#options.keys.own(`~${id}`);
    return [key, `${key}:open`, `${key}:ended`];
  }

  async #endsOf(queue: string): Promise<string> {
    return `${await this.#options.keys.prefixOf(queue)}:${queue}:${MEMBERS_ENDED}`;
  }
}

/** Id and time of each in turns, by what many of them have in common: most of what is sent of a member. */
function timesBy(
  ends: readonly MemberEnd[],
  of: (end: MemberEnd) => string,
): Readonly<Record<string, readonly (string | number)[]>> {
  const times = new Map<string, (string | number)[]>();
  for (const end of ends) {
    const head = of(end);
    const its = times.get(head);
    if (its === undefined) times.set(head, [end.jobId, end.at]);
    else its.push(end.jobId, end.at);
  }
  return Object.fromEntries(times);
}

/** `answer`: names and values of the batch's hash in turns, and how many are open. */
function standing(id: string, answer: unknown): StoredBatch | undefined {
  const [fields, open]: readonly unknown[] = Array.isArray(answer) ? answer : [];
  if (!Array.isArray(fields) || fields.length === 0) return undefined;
  const found = new Map<string, string>();
  for (let at = 0; at < fields.length; at += 2) found.set(String(fields[at]), String(fields[at + 1]));
  const count = (state: keyof BatchCounts): number => Number(found.get(`n:${state}`) ?? 0);
  const ended = found.get('ended');
  return {
    id,
    name: found.get('name') ?? '',
    callbacks: found.get('callbacks') ?? '{}',
    at: Number(found.get('at') ?? 0),
    open: Number(open),
    ended: countEnds(count),
    endedAt: ended === undefined ? undefined : Number(ended),
    touchedAt: Number(found.get('touched') ?? 0),
    called: (['success', 'complete', 'death'] as const).filter(each => found.has(`called:${each}`)),
  };
}
