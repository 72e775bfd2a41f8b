-- Where models come from. The key is encrypted with a key that is not in this file.
CREATE TABLE providers (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL CHECK (kind IN ('openai', 'anthropic', 'ollama')),
  name TEXT NOT NULL,
  base_url TEXT NOT NULL,
  key_cipher BLOB,
  key_last4 TEXT,
  enabled INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX providers_by_owner ON providers (owner, created_at, id);
