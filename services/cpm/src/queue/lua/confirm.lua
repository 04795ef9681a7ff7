-- The attempts of these jobs are in Postgres: ARGV = lease ms, (job, client)*. They leave the index and keep their slot.
local expiry = text(now + tonumber(ARGV[1]))
for i = 2, #ARGV, 2 do
  local job, client = ARGV[i], ARGV[i + 1]
  local slots = P .. 'run:t:' .. client
  -- One that is neither taken nor holds its slot has ended already, or is back in its queue: there it stays, for somebody may
  -- have put it back with a reason.
  if redis.call('ZREM', P .. 'leased', job) == 1 or redis.call('ZSCORE', slots, job) then
    redis.call('HDEL', P .. 'm', job)
    redis.call('ZADD', slots, expiry, job)
    redis.call('PEXPIRE', slots, 86400000)
  end
end
return 1
