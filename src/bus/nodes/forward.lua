-- Puts entries on the stream, if it still is the stream that this node knows: whole, or trimmed at its
-- beginning. One script, so that nothing of a node comes before what of it was lost. It keeps at least so
-- many entries, all of them when that is 0.
local stream, life, places = KEYS[1], KEYS[2], KEYS[3]
local sent, known, fresh, most, node = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- What is not ours is set aside, not deleted.
local function aside(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then
    redis.call('RENAME', key, key .. ':set-aside')
  end
end

local function before(a, b)
  local am, as = string.match(a, '(%d+)-(%d+)')
  local bm, bs = string.match(b, '(%d+)-(%d+)')
  am, as, bm, bs = tonumber(am), tonumber(as), tonumber(bm), tonumber(bs)
  return am < bm or (am == bm and as < bs)
end

aside(stream, 'stream')
aside(life, 'string')
local now = redis.call('GET', life)
if not now or redis.call('EXISTS', stream) == 0 then
  redis.call('XADD', stream, '*', 'n', node, 'k', 'begin', 'v', '{}')
  redis.call('SET', life, fresh)
  now = fresh
end
if known ~= '' and known ~= now then
  return { 'lost', now, '' }
end
if sent ~= '' and #redis.call('XRANGE', stream, sent, sent) == 0 then
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
  if #first == 0 or before(first[1][1], sent) then
    return { 'lost', now, '' }
  end
end
for at = 6, #ARGV, 2 do
  sent = redis.call('XADD', stream, '*', 'n', node, 'k', ARGV[at], 'v', ARGV[at + 1])
  if ARGV[at] == 'cleared' then
    redis.call('XTRIM', stream, 'MINID', sent)
  end
end
-- A node that is there has what it did not read yet, however slow it is, up to a point.
local over = redis.call('XLEN', stream) - tonumber(most)
if tonumber(most) > 0 and over > 0 and sent ~= '' then
  local first = sent
  if redis.call('TYPE', places).ok == 'hash' then
    for _, place in ipairs(redis.call('HVALS', places)) do
      if string.match(place, '^%d+%-%d+$') and before(place, first) then
        first = place
      end
    end
  end
  redis.call('XTRIM', stream, 'MINID', '~', first, 'LIMIT', over)
  redis.call('XTRIM', stream, 'MAXLEN', '~', tonumber(most) * 10)
end
return { 'sent', now, sent }
