-- What all scripts of the index share. KEYS[1] is the prefix of every key; time is Redis's own.
local P = KEYS[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function text(number)
  return string.format('%.0f', number)
end

local function global_time()
  return tonumber(redis.call('GET', P .. 'vt') or '0')
end

-- A client that comes (back) starts at the global time, or at its own where it is ahead: leaving and coming
-- back must not be a way to the front.
local function into_ring(client)
  if redis.call('ZSCORE', P .. 'ring', client) or redis.call('ZSCORE', P .. 'parked', client) then
    return
  end
  local last = tonumber(redis.call('ZSCORE', P .. 'last', client) or '0')
  redis.call('ZADD', P .. 'ring', text(math.max(global_time(), last)), client)
end

local function wait(job, client, score)
  redis.call('ZADD', P .. 't:' .. client, text(score), job)
  into_ring(client)
end

local function unpark(client)
  if redis.call('ZREM', P .. 'parked', client) == 1 and redis.call('EXISTS', P .. 't:' .. client) == 1 then
    into_ring(client)
  end
end

-- client, priority, score of a job in the index; nil for one that isn't.
local function meta(job)
  local value = redis.call('HGET', P .. 'm', job)
  if not value then
    return nil
  end
  local client, priority, score = string.match(value, '^([^:]+):([^:]+):([^:]+)$')
  return client, tonumber(priority), tonumber(score)
end

-- Waiting jobs whose time has come, and jobs that were taken and never confirmed: back to their client's queue.
local function promote(most)
  local due = redis.call('ZRANGEBYSCORE', P .. 'delayed', '-inf', text(now), 'LIMIT', 0, most)
  for _, job in ipairs(due) do
    redis.call('ZREM', P .. 'delayed', job)
    local client, _, score = meta(job)
    if client then
      wait(job, client, score)
    end
  end
  local lost = redis.call('ZRANGEBYSCORE', P .. 'leased', '-inf', text(now), 'LIMIT', 0, most)
  for _, job in ipairs(lost) do
    redis.call('ZREM', P .. 'leased', job)
    local client, _, score = meta(job)
    if client then
      redis.call('ZREM', P .. 'run:t:' .. client, job)
      unpark(client)
      wait(job, client, score)
    end
  end
  local free = redis.call('ZRANGEBYSCORE', P .. 'parked', '-inf', text(now), 'LIMIT', 0, most)
  for _, client in ipairs(free) do
    unpark(client)
  end
  return #due + #lost
end

-- A client's weight, and how many of its jobs may run at once: nil for as many as anybody's.
local function share(client)
  local value = redis.call('HGET', P .. 'share', client)
  if not value then
    return 1, nil
  end
  local weight, cap = string.match(value, '^(%d+):(%d*)$')
  return math.max(tonumber(weight or 1), 1), tonumber(cap)
end
