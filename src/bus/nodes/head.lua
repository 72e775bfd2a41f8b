-- Which stream there is, and how far it goes; nothing where there is none that a node has begun.
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' or redis.call('TYPE', KEYS[2]).ok ~= 'string' then
  return { '', '0-0' }
end
local facts = redis.call('XINFO', 'STREAM', KEYS[1])
for at = 1, #facts, 2 do
  if facts[at] == 'last-generated-id' then
    return { redis.call('GET', KEYS[2]), facts[at + 1] }
  end
end
return { '', '0-0' }
