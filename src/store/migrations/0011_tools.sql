-- Tools that models may call: the servers that the owner listed, which of them a conversation uses,
-- what was called, and what a person allowed once and for all.

CREATE TABLE tool_servers (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('http', 'command')),
  -- of the kind http
  url TEXT,
  token_end TEXT,
  -- of the kind command
  program TEXT,
  args TEXT NOT NULL DEFAULT '[]',
  -- the names of the variables, a JSON list
  env TEXT NOT NULL DEFAULT '[]',
  -- sealed: the token and the values of the variables, JSON
  secrets BLOB,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  -- whether every conversation uses it that does not say otherwise
  everywhere INTEGER NOT NULL CHECK (everywhere IN (0, 1)),
  -- a JSON list of the tools that may be called; absent for all
  allowed TEXT,
  -- what it listed last, JSON
  tools TEXT,
  listed_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- What a person allowed for a whole conversation: one tool as it was described then.
CREATE TABLE tool_consents (
  conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  server TEXT NOT NULL REFERENCES tool_servers (id) ON DELETE CASCADE,
  tool TEXT NOT NULL,
  print TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (conversation, server, tool)
) STRICT, WITHOUT ROWID;
CREATE INDEX tool_consents_by_server ON tool_consents (server);

-- a JSON list; absent for what the servers themselves say
ALTER TABLE conversations ADD COLUMN tools TEXT;
-- the calls of tools inside an answer, a JSON list
ALTER TABLE messages ADD COLUMN calls TEXT NOT NULL DEFAULT '[]';
