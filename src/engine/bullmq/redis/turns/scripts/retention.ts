import { UNTAG } from './tag-scripts.ts';

/**
 * A part of what settles. Leans on BullMQ 6.7's removeJobsByMaxAge, removeJobsByMaxCount and removeParentDependencyKey: ended jobs of one set are
 * added to it and trimmed together, by `flush`; what is removed last for a parent releases it.
 */
export const RETENTION = /* lua */ `
local PARTS = { '', ':logs', ':dependencies', ':processed', ':failed', ':unsuccessful' }

local function remove(ids)
  local keys, places = {}, nil
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
      -- All are deleted at the end: one that stands before its child here is gone by then, and is released no more.
      if not places then
        places = {}
        for place = 1, #ids do places[prefix .. ids[place]] = place end
      end
      if (places[stored[1]] or i) >= i then release(key, stored[1]) end
    end
    if stored[2] then
      ${UNTAG}
      untag(ids[i], stored[2])
    end
    for _, part in ipairs(PARTS) do keys[#keys + 1] = key .. part end
  end
  for from = 1, #keys, 6000 do call('DEL', unpack(keys, from, math.min(from + 5999, #keys))) end
end

-- One look at age and count for all jobs of one set with one retention, and one ZADD. Where it stands among the arguments: count, age, limit.
local function trim(group, at, n)
  local count, age, oldest = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), nil
  if age then
    --#age
    local before = now - age * 1000
    oldest = call('ZRANGE', group.set, '0', '0', 'WITHSCORES')
    if tonumber(oldest[2]) <= before then
      local most = tonumber(ARGV[at + 2])
      local limit = math.min(most * n, math.max(most, 1000))
      local old = call('ZREVRANGEBYSCORE', group.set, before, '-inf', 'LIMIT', '0', limit)
      oldest = nil
      remove(old)
      if #old < limit then
        --#age-all
        call('ZREMRANGEBYSCORE', group.set, '-inf', before)
      else
        --#age-limit
        call('ZREM', group.set, unpack(old))
      end
    end
  end
  if count and count > 0 then
    local excess = math.min(call('ZCARD', group.set) - count, 1000)
    if excess == 1 and oldest then
      --#count-oldest
      remove({ oldest[1] })
      call('ZREM', group.set, oldest[1])
    elseif excess > 0 then
      --#count
      local last = string.format('%d', excess - 1)
      remove(call('ZRANGE', group.set, '0', last))
      call('ZREMRANGEBYRANK', group.set, '0', last)
    end
  end
end

local function flush(group)
  local scored = group and group.scored
  if not scored then return end
  group.scored = nil
  call('ZADD', group.set, unpack(scored))
  -- What is removed may be damaged: that must not fail the ends that stand.
  pcall(trim, group, group.keep, #scored / 2)
end
`;
