import { INSIST } from './prelude.ts';

/**
 * Leans on BullMQ 6.7's moveToActive-11 and its includes, for many jobs: the rest of a turn's script, after the ends. Answers
 * `{ codes, jobs, rest, detail }`; a job is `{ id, number of its token, its hash before the take }`.
 */
export const START = /* lua */ `
local jobs, rest, detail = {}, '', 0
local bytes, maxBytes = 0, tonumber(ARGV[9])
local max = tonumber(state[3] or ARGV[7])
local perMs = tonumber(ARGV[8]) or tonumber(state[4])

-- How long the queue is above its rate.
local function limitedFor()
  if not max or max > tonumber(call('GET', limiter) or 0) then return 0 end
  local ttl = call('PTTL', limiter)
  if ttl == 0 then call('DEL', limiter) end
  return math.max(ttl, 0)
end

local function start(id, nth, read)
  local key = prefix .. id
  local hash = read or call('HGETALL', key)
  local started, doomed = '1', false
  for i = 1, #hash, 2 do
    local field = hash[i]
    if field == 'ats' then started = (tonumber(hash[i + 1]) or 0) + 1
    elseif field == 'defa' then doomed = true
    elseif field == 'data' then bytes = bytes + #hash[i + 1] end
  end
  if max and not doomed and call('INCR', limiter) == 1 then
    --#limiter-begins
    call('PEXPIRE', limiter, math.floor(math.abs(perMs)))
  end
  call('SET', key .. ':lock', ARGV[tokensAt + nth], 'PX', ARGV[5])
  call('XADD', events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
  call('HSET', key, 'processedOn', nowText, 'pb', ARGV[6], 'ats', started)
  return { id, nth, hash, 0 }
end

`;

/** Of a queue without limits. */
export const TAKE = /* lua */ `
-- Moves up to n to the active ones: those without a priority first. Their scores are told for those that may have to go back.
local function pop(n)
  local ids, scores = call('RPOP', wait, n) or {}, {}
  if #ids < n then
    local popped = call('ZPOPMIN', prioritized, n - #ids)
    for i = 1, #popped, 2 do
      --#take-prioritized
      ids[#ids + 1] = popped[i]
      scores[#ids] = popped[i + 1]
    end
  end
  if #ids > 0 then call('LPUSH', active, unpack(ids)) end
  return ids, scores
end

if tokens > 0 and not rare then
  local blocked = isBlocked()
  promote(blocked)
  local room, nth, dry = tokens, 0, false
  local limited = limitedFor()
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
    if ends == 0 and call('EXISTS', wait, prioritized) > 0 then ${INSIST} end
    if state[2] then room = math.min(room, tonumber(state[2]) - call('LLEN', active)) end
    while rest == '' and nth < room do
      -- Above a rate each is looked at by itself: a job that only fails is not counted.
      local n = max and 1 or room - nth
      local ids, scores = pop(n)
      for i = 1, #ids do
        local id = ids[i]
        if bytes >= maxBytes and nth > 0 then
          --#too-many-bytes
          call('LTRIM', active, #ids - i + 1, -1)
          for back = #ids, i, -1 do
            if scores[back] then
              --#bytes-prioritized
              call('ZADD', prioritized, scores[back], ids[back])
            else
              --#bytes-wait
              call('RPUSH', wait, ids[back])
            end
          end
          rest = 'more'
          break
        end
        if string.sub(id, 1, 2) == '0:' then
          --#old-marker
          call('LREM', active, 1, id)
        else
          local ok, job = pcall(start, id, nth + 1)
          if ok then
            nth = nth + 1
            jobs[nth] = job
          else
            --#no-job
            call('LREM', active, 1, id)
          end
        end
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

/** What was taken is remembered, and answered. */
export const ANSWER = /* lua */ `
if #jobs > 0 or ends > 0 then
  local ids = {}
  for i = 1, #jobs do ids[i] = jobs[i][1] end
  local begun = said and tonumber(string.match(said, '^%S+ (%d+) '))
  local answer = cmsgpack.pack(codes, ids, rest, detail)
  if begun and now >= begun and now < begun + RENEWED_AFTER_MS then
    call('SET', answers, turn .. begun .. ' ' .. answer, 'KEEPTTL')
  else
    --#kept-anew
    call('SET', answers, turn .. nowText .. ' ' .. answer, 'PX', ANSWERS_KEPT_MS)
  end
end
return { codes, jobs, rest, detail }
`;
