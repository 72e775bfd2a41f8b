-- Tells who is connected to this node, and says who is connected to the others. A node whose facts are
-- gone is gone.
local nodes, here, seats, facts, places = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, ttl, about, prefix, anew = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local place, clients, taken = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])

local function type_of(key)
  return redis.call('TYPE', key).ok
end

local function size(key)
  if type_of(key) ~= 'hash' then
    return 0
  end
  return redis.call('HLEN', key)
end

local function aside(key, kind)
  if type_of(key) ~= 'none' and type_of(key) ~= kind then
    redis.call('RENAME', key, key .. ':set-aside')
  end
end

aside(nodes, 'set')
aside(places, 'hash')
if anew == '1' then
  redis.call('DEL', here, seats)
  local at = 9
  for _ = 1, clients do
    redis.call('HSET', here, ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  for _ = 1, taken do
    redis.call('HSET', seats, ARGV[at], ARGV[at + 1])
    at = at + 2
  end
elseif size(here) ~= clients or size(seats) ~= taken then
  return { 0, {} }
end
redis.call('PEXPIRE', here, ttl)
redis.call('PEXPIRE', seats, ttl)
redis.call('SADD', nodes, me)
redis.call('HSET', places, me, place)
redis.call('SET', facts, about, 'PX', ttl)
local others = {}
for _, node in ipairs(redis.call('SMEMBERS', nodes)) do
  if node ~= me then
    local told = type_of(prefix .. 'facts:' .. node) == 'string' and redis.call('GET', prefix .. 'facts:' .. node)
    if told then
      local there = type_of(prefix .. 'here:' .. node) == 'hash' and redis.call('HGETALL', prefix .. 'here:' .. node)
      others[#others + 1] = { node, told, there or {} }
    else
      redis.call('SREM', nodes, node)
      redis.call('HDEL', places, node)
    end
  end
end
return { 1, others }
