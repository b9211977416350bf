import { UNTAG } from './tag-scripts.ts';

/** The keys that few jobs have beside their hash, `key`. */
const OTHERS = `key .. ':logs', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful'`;

/** All keys of the job whose hash is `key`. */
export const ALL_OF = `key, ${OTHERS}`;

/**
 * A part of what settles. Leans on BullMQ 6.7's removeJobsByMaxAge, removeJobsByMaxCount and removeParentDependencyKey: ended jobs of one set are
 * added to it and trimmed together, by `flush`; what is removed last for a parent releases it. Keys of removed ones are only noted, in `gone`.
 */
export const RETENTION = /* lua */ `
local function deleteGone()
  for from = 1, #gone, 6000 do call('DEL', unpack(gone, from, math.min(from + 5999, #gone))) end
  gone = {}
end

local function remove(ids)
  local others = { nil, nil, nil, nil, nil }
  for i = 1, #ids do
    local key = prefix .. ids[i]
    local stored = redis.pcall('HMGET', key, 'parentKey', 'tg')
    if stored[1] then
      --#remove-child
      -- A parent whose last child is removed from the finished ones is released, as removeParentDependencyKey does it.
      local function release(key, parentKey)
        if parentKey == '' or call('EXISTS', parentKey) == 0 then return end
        if call('SREM', parentKey .. ':dependencies', key) == 0 or call('SCARD', parentKey .. ':dependencies') > 0 then return end
        --#release
        local parentId = string.match(parentKey, '.*:(.*)')
        local parent = string.sub(parentKey, 1, #parentKey - #parentId)
        if call('ZREM', parent .. 'waiting-children', parentId) == 0 then return end
        --#release-parent
        call('RPUSH', parent .. 'wait', parentId)
        local state = call('HMGET', parent .. 'meta', 'paused', 'concurrency')
        if not (state[1] or (state[2] and call('LLEN', parent .. 'active') >= tonumber(state[2]))) then
          --#release-marker
          call('ZADD', parent .. 'marker', 0, '0')
        end
        call('XADD', parent .. 'events', '*', 'event', 'waiting', 'jobId', parentId, 'prev', 'waiting-children')
      end
      -- What stands before it is gone by then: a parent among it is released no more.
      deleteGone()
      -- Of a parent that is damaged the child goes all the same.
      pcall(release, key, stored[1])
    end
    if stored[2] then
      ${UNTAG}
      untag(ids[i], stored[2])
    end
    gone[#gone + 1] = key
    local n = #others
    others[n + 1], others[n + 2], others[n + 3], others[n + 4], others[n + 5] = ${OTHERS}
  end
  -- Nearly always there is none of them: a look costs a third of a deletion, and is not written to the append-only file.
  for from = 1, #others, 6000 do
    local last = math.min(from + 5999, #others)
    if call('EXISTS', unpack(others, from, last)) > 0 then
      --#remove-others
      for i = from, last do gone[#gone + 1] = others[i] end
    end
  end
end

-- One look at count and age for all jobs of one set with one retention. Where it stands among the arguments: count, from when on too old, limit.
local function trim(group, at, n)
  local count, tooOld = ARGV[at], ARGV[at + 1]
  local excess = count ~= '' and call('ZCARD', group.set) - count or 0
  if excess == 1 then
    local oldest = call('ZPOPMIN', group.set)
    if tooOld == '' or oldest[2] - tooOld > 0 then
      --#count-oldest
      return remove({ oldest[1] })
    end
    --#oldest-is-aged
    call('ZADD', group.set, oldest[2], oldest[1])
  end
  if tooOld ~= '' and call('ZCOUNT', group.set, '-inf', tooOld) > 0 then
    --#age
    local most = tonumber(ARGV[at + 2])
    local limit = math.min(most * n, math.max(most, 1000))
    local old = call('ZREVRANGEBYSCORE', group.set, tooOld, '-inf', 'LIMIT', '0', limit)
    remove(old)
    if #old < limit then
      --#age-all
      call('ZREMRANGEBYSCORE', group.set, '-inf', tooOld)
    else
      --#age-limit
      call('ZREM', group.set, unpack(old))
    end
    excess = excess - #old
  end
  if excess > 0 then
    --#count
    local last = string.format('%d', math.min(excess, 1000) - 1)
    remove(call('ZRANGE', group.set, '0', last))
    call('ZREMRANGEBYRANK', group.set, '0', last)
  end
end

local function flush(group)
  local scored = group and group.scored
  if not scored then return end
  group.scored = false
  call('ZADD', group.set, unpack(scored))
  -- What is removed may be damaged: that must not fail the ends that stand.
  pcall(trim, group, group.keep, #scored / 2)
end
`;
