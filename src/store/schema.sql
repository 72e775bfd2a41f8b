-- The schema that the migrations make; written by a test, for reading.

CREATE TABLE conversation_tags (
  conversation INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (conversation, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_tags_by_tag ON conversation_tags (tag, conversation);

CREATE TABLE conversations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  title TEXT,
  title_source TEXT NOT NULL DEFAULT 'none' CHECK (title_source IN ('none', 'made', 'user')),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  -- messages.seq; no foreign key, for the two tables would then refer to each other
  active_leaf INTEGER,
  -- what the list shows, kept here so that a page of it costs one statement
  message_count INTEGER NOT NULL DEFAULT 0,
  last_role TEXT,
  last_text TEXT,
  last_at TEXT,
  pinned INTEGER NOT NULL DEFAULT 0,
  archived INTEGER NOT NULL DEFAULT 0,
  folder TEXT,
  model TEXT,
  system_prompt TEXT,
  document_ids TEXT NOT NULL DEFAULT '"all"',
  options TEXT NOT NULL DEFAULT '{}',
  metadata TEXT NOT NULL DEFAULT '{}',
  deleted_at TEXT
) STRICT;

CREATE INDEX conversations_by_activity
  ON conversations (owner, archived, pinned DESC, updated_at DESC, seq DESC)
  WHERE deleted_at IS NULL;

CREATE INDEX conversations_by_folder
  ON conversations (owner, folder, archived, pinned DESC, updated_at DESC, seq DESC)
  WHERE deleted_at IS NULL AND folder IS NOT NULL;

CREATE INDEX conversations_in_trash
  ON conversations (owner, deleted_at DESC, seq DESC)
  WHERE deleted_at IS NOT NULL;

CREATE VIRTUAL TABLE conversations_fts USING fts5 (
  title,
  content = 'conversations', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TABLE idempotency (
  owner TEXT NOT NULL REFERENCES users (id),
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE message_attachments (
  message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (message, n)
) STRICT;

CREATE TABLE message_revisions (
  seq INTEGER PRIMARY KEY,
  message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  content TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE INDEX message_revisions_by_message ON message_revisions (message);

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
  -- no cascade: a chain of 2000 answers would nest deeper than SQLite allows
  parent INTEGER REFERENCES messages (seq),
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
  content TEXT NOT NULL,
  reasoning TEXT,
  state TEXT NOT NULL CHECK (state IN ('complete', 'streaming', 'interrupted', 'cancelled', 'failed')),
  error TEXT,
  model TEXT,
  provider TEXT,
  usage TEXT,
  timings TEXT,
  sources TEXT NOT NULL DEFAULT '[]',
  attachments TEXT NOT NULL DEFAULT '[]',
  rating TEXT CHECK (rating IN ('up', 'down')),
  note TEXT,
  turn TEXT,
  created_at TEXT NOT NULL,
  edited_at TEXT,
  deleted_at TEXT
) STRICT;

CREATE INDEX messages_by_conversation ON messages (conversation, parent);

CREATE INDEX messages_by_parent ON messages (parent);

CREATE INDEX messages_in_trash ON messages (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE INDEX messages_streaming ON messages (state) WHERE state = 'streaming';

CREATE VIRTUAL TABLE messages_fts USING fts5 (
  content,
  content = 'messages', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

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

CREATE TABLE turn_events (
  turn TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
  last_seq INTEGER NOT NULL,
  events TEXT NOT NULL,
  PRIMARY KEY (turn, last_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users (id),
  conversation INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
  message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'cancelled', 'failed', 'interrupted')),
  model TEXT NOT NULL,
  last_seq INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  prompt TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX turns_by_conversation ON turns (conversation);

CREATE INDEX turns_by_message ON turns (message);

CREATE INDEX turns_running ON turns (state) WHERE state = 'running';

CREATE INDEX turns_with_prompt ON turns (created_at) WHERE prompt IS NOT NULL;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TRIGGER conversations_fts_delete AFTER DELETE ON conversations
WHEN old.title IS NOT NULL
BEGIN
  INSERT INTO conversations_fts (conversations_fts, rowid, title) VALUES ('delete', old.seq, old.title);
END;

CREATE TRIGGER conversations_fts_insert AFTER INSERT ON conversations
WHEN new.title IS NOT NULL
BEGIN
  INSERT INTO conversations_fts (rowid, title) VALUES (new.seq, new.title);
END;

CREATE TRIGGER conversations_fts_update AFTER UPDATE OF title ON conversations
WHEN new.title IS NOT old.title
BEGIN
  INSERT INTO conversations_fts (conversations_fts, rowid, title)
    SELECT 'delete', old.seq, old.title WHERE old.title IS NOT NULL;
  INSERT INTO conversations_fts (rowid, title)
    SELECT new.seq, new.title WHERE new.title IS NOT NULL;
END;

CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages
WHEN old.state <> 'streaming' AND old.deleted_at IS NULL
BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.seq, old.content);
END;

CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages
WHEN new.state <> 'streaming' AND new.deleted_at IS NULL
BEGIN
  INSERT INTO messages_fts (rowid, content) VALUES (new.seq, new.content);
END;

CREATE TRIGGER messages_fts_update AFTER UPDATE OF content, state, deleted_at ON messages
WHEN new.content IS NOT old.content OR new.deleted_at IS NOT old.deleted_at
  OR (new.state = 'streaming') <> (old.state = 'streaming')
BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, content)
    SELECT 'delete', old.seq, old.content
    WHERE old.state <> 'streaming' AND old.deleted_at IS NULL;
  INSERT INTO messages_fts (rowid, content)
    SELECT new.seq, new.content
    WHERE new.state <> 'streaming' AND new.deleted_at IS NULL;
END;
