-- The attempts of these jobs are in Postgres: ARGV = lease ms, (job, client)*. They leave the index and keep their slot.
local expiry = text(now + tonumber(ARGV[1]))
for i = 2, #ARGV, 2 do
  local job, client = ARGV[i], ARGV[i + 1]
  local slots = P .. 'run:t:' .. client
  -- Its provisional lease may have run out meanwhile, and then it waits again; or it has ended already, and then it is gone.
  local taken = redis.call('ZREM', P .. 'leased', job) + redis.call('ZREM', P .. 't:' .. client, job)
  if taken > 0 or redis.call('ZSCORE', slots, job) then
    redis.call('HDEL', P .. 'm', job)
    redis.call('ZADD', slots, expiry, job)
    redis.call('PEXPIRE', slots, 86400000)
  end
end
return 1
