-- Signing in: passwords and roles, sessions, tokens, and links that set a password once.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'admin' CHECK (role IN ('admin', 'member'));
-- Argon2id with its salt and parameters, as a PHC string
ALTER TABLE users ADD COLUMN password TEXT;
ALTER TABLE users ADD COLUMN disabled_at TEXT;
ALTER TABLE users ADD COLUMN last_seen_at TEXT;
CREATE UNIQUE INDEX users_by_name ON users (name COLLATE NOCASE);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- BLAKE3 of 256 random bits, so that a copy of this file opens nothing
  hash BLOB NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_owner ON sessions (owner, id DESC);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  -- the last characters, to tell tokens apart
  hint TEXT NOT NULL,
  scopes TEXT NOT NULL,
  client_id TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  last_used_at TEXT
) STRICT;
CREATE INDEX tokens_by_owner ON tokens (owner, id DESC);

CREATE TABLE claims (
  hash BLOB PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset')),
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_owner ON claims (owner);

-- Cookies are shared by all ports of a host: this tells those of two data folders apart.
CREATE TABLE instance (name TEXT NOT NULL) STRICT;
INSERT INTO instance (name) VALUES (lower(hex(randomblob(4))));
