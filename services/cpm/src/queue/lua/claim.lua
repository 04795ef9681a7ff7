-- Takes up to ARGV[1] jobs, with a provisional lease of ARGV[2] ms and at most ARGV[3] running jobs per client, or what its
-- share says. Fair: the client with the least virtual time is next, and each job moves its client on: by 1,000, or less by
-- its weight. A client at its cap is parked until a slot falls free, never scanned past.
-- Returns {index is built, job, client, job, client, …}.
local most, provisional, usual_cap = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
promote(100)
local taken = { redis.call('EXISTS', P .. 'epoch') }
local steps = most + 200
while (#taken - 1) / 2 < most and steps > 0 do
  steps = steps - 1
  local head = redis.call('ZRANGE', P .. 'ring', 0, 0, 'WITHSCORES')
  if #head == 0 then
    break
  end
  local client, time = head[1], tonumber(head[2])
  local weight, cap = share(client)
  local slots = P .. 'run:t:' .. client
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', text(now))
  if redis.call('ZCARD', slots) >= (cap or usual_cap) then
    local first = redis.call('ZRANGE', slots, 0, 0, 'WITHSCORES')
    redis.call('ZREM', P .. 'ring', client)
    redis.call('ZADD', P .. 'last', text(time), client)
    redis.call('ZADD', P .. 'parked', first[2] or text(now + 1000), client)
  else
    local job = redis.call('ZPOPMIN', P .. 't:' .. client)
    if #job == 0 then
      redis.call('ZREM', P .. 'ring', client)
      redis.call('ZADD', P .. 'last', text(time), client)
    else
      local expiry = text(now + provisional)
      local next = time + 1000 / weight
      redis.call('ZADD', P .. 'leased', expiry, job[1])
      redis.call('ZADD', slots, expiry, job[1])
      redis.call('PEXPIRE', slots, 86400000)
      redis.call('SET', P .. 'vt', text(math.max(time, global_time())))
      if redis.call('EXISTS', P .. 't:' .. client) == 1 then
        redis.call('ZADD', P .. 'ring', text(next), client)
      else
        redis.call('ZREM', P .. 'ring', client)
        redis.call('ZADD', P .. 'last', text(next), client)
      end
      taken[#taken + 1] = job[1]
      taken[#taken + 1] = client
    end
  end
end
-- Who isn't ahead of the global time needn't be remembered.
redis.call('ZREMRANGEBYSCORE', P .. 'last', '-inf', text(global_time()))
return taken
