import { REMEMBER, TAKEN } from './prelude.ts';

/**
 * Leans on BullMQ 6.7's moveToActive-11 and its includes, for many jobs: the rest of a turn's script, after the ends.
 */
export const START = /* lua */ `
local rest, detail = '', 0
local bytes, maxBytes = 0, tonumber(ARGV[9])
local max, perMs = state[3], state[4]
if ARGV[7] ~= '' then
  local most, ms = string.match(ARGV[7], '(%S+) (%S+)')
  max, perMs = max or most, ms
end
if max then max, perMs = tonumber(max), tonumber(perMs) end

-- How long the queue is above its rate.
local limitedFor = max and function()
  if max > tonumber(call('GET', limiter) or 0) then return 0 end
  local ttl = call('PTTL', limiter)
  if ttl == 0 then call('DEL', limiter) end
  return math.max(ttl, 0)
end

local function start(id, nth, read)
  local key = prefix .. id
  local stored = read or call('HMGET', key, ${TAKEN})
  local data, started, doomed = stored[1], stored[2], stored[3]
  if data then bytes = bytes + #data end
  started = started and (tonumber(started) or 0) + 1 or '1'
  if max and not doomed and call('INCR', limiter) == 1 then
    --#limiter-begins
    call('PEXPIRE', limiter, math.floor(math.abs(perMs)))
  end
  call('SET', key .. ':lock', ARGV[tokensAt + nth], 'PX', ARGV[5])
  call('XADD', events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
  call('HSET', key, 'processedOn', nowText, 'pb', ARGV[6], 'ats', started)
  answer[size + 1], answer[size + 2], answer[size + 3], answer[size + 4] = id, nth, stored, 0
  size = size + 4
end

`;

/** Whether what stands under the id of one that could not be started is no job: that is left out. A refusal of anything else is not its fault. */
export const IS_NO_JOB = `not string.find('hash none', call('TYPE', prefix .. id).ok, 1, true)`;

/** Of a queue without limits. */
export const TAKE = /* lua */ `
if tokens > 0 and not rare then
  local blocked = isBlocked()
  promote(blocked)
  local room, nth, dry = tokens, 0, false
  local limited = max and limitedFor() or 0
  if limited > 0 then
    --#limited
    rest, detail = 'limited', limited
  elseif blocked then
    --#blocked
    rest = 'blocked'
  elseif state[6] then
    --#grouped
    rest = 'grouped'
  else
    if ends == 0 and call('EXISTS', wait, prioritized) > 0 then ${REMEMBER}
    end
    if state[2] then room = math.min(room, tonumber(state[2]) - call('LLEN', active)) end
    while rest == '' and nth < room do
      -- Above a rate each is looked at by itself: a job that only fails is not counted.
      local n = max and 1 or room - nth
      -- Up to n become active, those without a priority first. Scores are of those that may have to go back.
      local asked = n == tokens and ARGV[4] or n
      local ids, scores = call('RPOP', wait, asked) or { nil }, { nil }
      if #ids < n then
        local popped = call('ZPOPMIN', prioritized, #ids == 0 and asked or n - #ids)
        for i = 1, #popped, 2 do
          --#take-prioritized
          ids[#ids + 1] = popped[i]
          scores[#ids] = popped[i + 1]
        end
      end
      if #ids > 0 then call('LPUSH', active, unpack(ids)) end
      local backFrom, refused
      for i = 1, #ids do
        local id = ids[i]
        if bytes >= maxBytes and nth > 0 then
          --#too-many-bytes
          backFrom, rest = i, 'more'
          break
        end
        if string.sub(id, 1, 2) == '0:' then
          --#old-marker
          call('LREM', active, 1, id)
        else
          local ok, failure = pcall(start, id, nth + 1)
          if ok then
            nth = nth + 1
          elseif ${IS_NO_JOB} then
            --#no-job
            call('LREM', active, 1, id)
          else
            -- Such as rights that were withdrawn, or a stream of events that another program has replaced.
            backFrom, refused = i, failure
            break
          end
        end
      end
      if backFrom then
        call('LTRIM', active, #ids - backFrom + 1, -1)
        for back = #ids, backFrom, -1 do
          if scores[back] then
            --#back-among-prioritized
            call('ZADD', prioritized, scores[back], ids[back])
          else
            --#back-among-waiting
            call('RPUSH', wait, ids[back])
          end
        end
        if refused then error(refused) end
      end
      if rest == '' and #ids < n then
        dry = true
        break
      end
      if rest == '' and max and nth < tokens then
        limited = limitedFor()
        if limited > 0 then
          --#limited-meanwhile
          rest, detail = 'limited', limited
        end
      end
    end
    if nth > 0 then call('ZADD', marker, '0', '0') end
    if dry then
      --#dry
      call('DEL', pc)
      local first = call('ZRANGE', delayed, '0', '0', 'WITHSCORES')[2]
      rest, detail = 'none', first and string.format('%.0f', math.floor(first / 4096)) or ''
    elseif rest == '' then
      rest = nth < tokens and 'blocked' or 'more'
    end
  end
end

`;

export const ANSWER = /* lua */ `
answer[1], answer[2] = rest, detail
return answer
`;
