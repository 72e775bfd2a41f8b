-- Takes a client's connection, if with those that it has on other nodes it has no more than it may.
local nodes, seats = KEYS[1], KEYS[2]
local me, client, mine, most, prefix, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local sum = mine
for _, node in ipairs(redis.call('SMEMBERS', nodes)) do
  if node ~= me then
    sum = sum + (tonumber(redis.call('HGET', prefix .. 'seats:' .. node, client)) or 0)
  end
end
if sum > most then
  return { 0, sum - 1 }
end
redis.call('HSET', seats, client, mine)
redis.call('PEXPIRE', seats, ttl)
return { 1, sum }
