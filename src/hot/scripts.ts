/**
 * The Lua scripts of the hot sessions. Each works on one hash, so that a Redis Cluster runs it, and reads and writes in
 * one step. The hash of a user has these fields:
 *
 * | field | what it holds |
 * |---|---|
 * | `session:<bot>`, `stats:<bot>` | the JSON; absent when only the database has it |
 * | `session@<bot>`, `stats@<bot>` | its version: `<time> <flag> <key of the unit>`; `-` waits for its commit, `+` has it behind it; `!` before the key: refused |
 * | `user` | the user as the database has them, as JSON; absent when only the database knows |
 * | `user@` | the lease: since when the user is watched, and who may put `user` still; a commit takes it away from all who asked before |
 * | `deleted` | the version of the last deletion |
 * | `keys:<bot>` | the last keyed units of the bot that wrote here, a line each: `<key> <queue> <job> <place in it>` |
 * | `waiting` | how many versions wait; as long as there are any, the hash does not expire |
 */

const PRELUDE = `
local hash, ttl = KEYS[1], ARGV[1]

local function get(field)
  local version = redis.call('HGET', hash, field)
  if not version then return nil end
  local at, flag, key = string.match(version, '^(%d+) ([-+]) (.*)$')
  return tonumber(at), flag, key
end

local function count(before, after)
  local change = (after == '-' and 1 or 0) - (before == '-' and 1 or 0)
  if change ~= 0 then redis.call('HINCRBY', hash, 'waiting', change) end
end

local function set(field, at, flag, key)
  local _, before = get(field)
  redis.call('HSET', hash, field, string.format('%.0f', at) .. ' ' .. flag .. ' ' .. key)
  count(before, flag)
end

local function drop(part, bot)
  local _, before = get(part .. '@' .. bot)
  redis.call('HDEL', hash, part .. ':' .. bot, part .. '@' .. bot)
  count(before)
end

local function isThere(part, bot)
  return redis.call('HEXISTS', hash, part .. ':' .. bot) == 1
end

-- Whether the key was not noted before.
local function note(bot, key, line, most)
  local field = 'keys:' .. bot
  local lines = redis.call('HGET', hash, field) or ''
  if string.find('\\n' .. lines, '\\n' .. key .. ' ', 1, true) then return false end
  local kept, left = line .. '\\n', tonumber(most)
  for older in string.gmatch(lines, '[^\\n]+\\n') do
    left = left - 1
    if left <= 0 then break end
    kept = kept .. older
  end
  redis.call('HSET', hash, field, kept)
  return true
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function showUser(lease, user)
  if redis.call('HGET', hash, 'user@') == lease then redis.call('HSETNX', hash, 'user', user) end
end

local function finish()
  if tonumber(redis.call('HGET', hash, 'waiting') or 0) > 0 then redis.call('PERSIST', hash)
  else redis.call('EXPIRE', hash, ttl) end
end
`;

/** Arguments: ttl, bot, key, time, line for `keys` or '', session or '', stats or ''. */
export const PUT = `${PRELUDE}
local bot, key, line = ARGV[2], ARGV[3], ARGV[5]
-- As in the commit, a time in the future counts as now.
local at = math.min(tonumber(ARGV[4]), now())
if at <= (get('deleted') or -1) then return end

if line ~= '' then
  -- A redelivered update: what the first delivery wrote holds, here as in the ledger.
  if not note(bot, key, line, ARGV[8]) then return end
end

for index, part in ipairs({ 'session', 'stats' }) do
  local json, version = ARGV[5 + index], part .. '@' .. bot
  if json ~= '' then
    local stored, flag, by = get(version)
    -- The commit may be faster than the put.
    if by == key and flag == '+' then redis.call('HSETNX', hash, part .. ':' .. bot, json)
    elseif by ~= '!' .. key and (not stored or at >= stored) then
      redis.call('HSET', hash, part .. ':' .. bot, json)
      set(version, at, '-', key)
    end
  end
end
if redis.call('EXISTS', hash) == 1 then finish() end
`;

/**
 * Arguments: ttl, bot, key, time, what became of the session, and of the stats: 'stored', 'counted' (only the database
 * knows to what), 'refused', or '' when the unit left it alone.
 */
export const SETTLE = `${PRELUDE}
local bot, key, at = ARGV[2], ARGV[3], tonumber(ARGV[4])
local cold = redis.call('EXISTS', hash) == 0

for index, part in ipairs({ 'session', 'stats' }) do
  local became, version = ARGV[4 + index], part .. '@' .. bot
  local stored, flag, by = get(version)
  local ours = by == key
  if became == 'refused' then
    -- The time stays: what is older is not to pass for the latest.
    if ours then redis.call('HDEL', hash, part .. ':' .. bot) end
    if ours or not stored then set(version, stored or 0, '+', '!' .. key)
    -- Its put may still be on its way, and nothing would settle it any more.
    else note(bot, key, key .. ' ', ARGV[8]) end
  elseif became == 'stored' and ours then
    -- The time that the database has: a redelivered update may have been put at another.
    set(version, at, '+', key)
  elseif became ~= '' and (not stored or (ours and flag == '-') or stored < at or (stored == at and flag == '+')) then
    redis.call('HDEL', hash, part .. ':' .. bot)
    set(version, at, '+', key)
  elseif became == 'counted' and flag == '+' then
    redis.call('HDEL', hash, part .. ':' .. bot)
  end
end

if redis.call('EXISTS', hash) == 0 then return end
-- All that a version without content has to outlive is the put that may still be on its way.
if cold then ttl = ARGV[7] end
finish()
`;

/**
 * Arguments: ttl, bot, session's time, session, stats' time, stats, lease or '', user. Answers session, stats and user as
 * they are now, or nothing.
 */
export const WARM = `${PRELUDE}
local bot = ARGV[2]
local deleted = get('deleted') or -1
for index, part in ipairs({ 'session', 'stats' }) do
  local at, version = tonumber(ARGV[1 + 2 * index]), part .. '@' .. bot
  local stored, _, by = get(version)
  -- What was refused, or went with a deletion, an answer from before that does not bring back.
  local gone = at == stored and string.sub(by, 1, 1) == '!'
  if not isThere(part, bot) and at > deleted and (not stored or at >= stored) and not gone then
    redis.call('HSET', hash, part .. ':' .. bot, ARGV[2 + 2 * index])
    -- Whose put is still to come is not forgotten.
    set(version, at, '+', by or '=')
  end
end
if ARGV[7] ~= '' then showUser(ARGV[7], ARGV[8]) end
if redis.call('EXISTS', hash) == 1 then finish() end
return redis.call('HMGET', hash, 'session:' .. bot, 'stats:' .. bot, 'user')
`;

/** Arguments: ttl, key, time, '+' once the deletion is committed, or '-' while it waits. */
export const FORGET = `${PRELUDE}
local key, flag = ARGV[2], ARGV[4]
redis.call('HDEL', hash, 'user', 'user@')
local at = math.min(tonumber(ARGV[3]), now())
for _, field in ipairs(redis.call('HKEYS', hash)) do
  local part, bot = string.match(field, '^(%a+)@(.+)$')
  if part then
    local stored, state, by = get(field)
    if stored <= at then drop(part, bot)
    elseif flag == '+' and state == '+' then
      -- Made after the deletion: if it was committed before it, it is gone as well. The database knows.
      redis.call('HDEL', hash, part .. ':' .. bot)
      if string.sub(by, 1, 1) ~= '!' then set(field, stored, '+', '!' .. by) end
    end
  elseif string.match(field, '^keys:') then redis.call('HDEL', hash, field) end
end
local deleted, state, by = get('deleted')
if by == key then set('deleted', deleted, (state == '+' or flag == '+') and '+' or '-', key)
elseif not deleted or at >= deleted then set('deleted', at, flag, key) end
finish()
`;

/** Notes when a user was last asked for, by the clock of Redis. On the set of watched users. Arguments: user. */
export const WATCH = `
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] .. '000', ARGV[1])
`;

/** Arguments: ttl, a fresh word, for how many milliseconds a lease counts. Answers the lease that counts now. */
export const LEASE = `${PRELUDE}
local since = tonumber(string.match(redis.call('HGET', hash, 'user@') or '', '^%d+') or 0)
if now() - since >= tonumber(ARGV[3]) then
  redis.call('HDEL', hash, 'user')
  redis.call('HSET', hash, 'user@', string.format('%.0f', now()) .. ' ' .. ARGV[2])
end
finish()
return redis.call('HGET', hash, 'user@')
`;

/** Arguments: ttl, a fresh word. Answers the new lease, or nothing when nobody had one: then there is nothing to show. */
export const OUTDATE = `${PRELUDE}
local since = string.match(redis.call('HGET', hash, 'user@') or '', '^%d+')
if not since then return end
redis.call('HDEL', hash, 'user')
redis.call('HSET', hash, 'user@', since .. ' ' .. ARGV[2])
return since .. ' ' .. ARGV[2]
`;

/** Arguments: ttl, lease, user. */
export const SHOW = `${PRELUDE}
showUser(ARGV[2], ARGV[3])
`;
