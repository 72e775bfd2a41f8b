-- The schema that the migrations make; written by a test, for reading.

CREATE TABLE bus_clients (
  id TEXT PRIMARY KEY,
  -- absent until it sends, connects or reads
  first_seen_at TEXT,
  last_seen_at TEXT,
  -- its rows of bus_deliveries that are stored
  waiting INTEGER NOT NULL DEFAULT 0,
  -- messages to all up to this one do not wait for it
  heard INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE "bus_deliveries" (
  message INTEGER NOT NULL REFERENCES bus_messages (seq) ON DELETE CASCADE,
  client TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('stored', 'delivered', 'acknowledged', 'expired', 'timeout')),
  -- the message was said to all without an acknowledgement
  broadcast INTEGER NOT NULL DEFAULT 0,
  -- the place in the queue: messages of a higher priority overtake so many and no more
  rank INTEGER NOT NULL,
  wants_ack INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  expires_at TEXT NOT NULL,
  stored_at TEXT NOT NULL,
  delivered_at TEXT,
  acknowledged_at TEXT,
  ended_at TEXT,
  -- the other node that delivered it, and looks after its acknowledgement
  elsewhere TEXT,
  PRIMARY KEY (message, client)
) STRICT, WITHOUT ROWID;

CREATE INDEX bus_deliveries_by_client ON bus_deliveries (client, message) WHERE broadcast = 0;

CREATE INDEX bus_deliveries_expiring ON bus_deliveries (expires_at) WHERE state = 'stored';

CREATE INDEX bus_deliveries_unacknowledged ON bus_deliveries (message) WHERE state = 'delivered' AND wants_ack = 1;

CREATE INDEX bus_deliveries_waiting ON bus_deliveries (client, rank, message) WHERE state = 'stored';

CREATE VIRTUAL TABLE bus_fts USING fts5 (
  text, content = '', contentless_delete = 1,
  tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE bus_ids (
  sender TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (sender, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX bus_ids_by_expiry ON bus_ids (expires_at);

CREATE INDEX bus_ids_by_message ON bus_ids (seq);

CREATE TABLE bus_links (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  node TEXT NOT NULL,
  -- what was accepted here up to this number is with the others
  forwarded INTEGER NOT NULL DEFAULT 0,
  -- the last entry that this node put on the stream, and on which stream
  sent TEXT NOT NULL DEFAULT '',
  sent_life TEXT NOT NULL DEFAULT '',
  -- the number of the last message that is with the others
  told INTEGER NOT NULL DEFAULT 0,
  -- what was accepted here up to this number is told once more, and the stream may grow by it
  again_upto INTEGER NOT NULL DEFAULT 0,
  -- the last entry of the stream that is in this file, and of which stream
  followed TEXT NOT NULL DEFAULT '0-0',
  followed_life TEXT NOT NULL DEFAULT '',
  -- when the messages were last cleared, here or there
  cleared_at TEXT
) STRICT;

CREATE TABLE bus_marks (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('seen', 'delivered', 'acknowledged', 'again', 'timeout', 'cleared', 'missed')),
  -- told after what was accepted up to this number
  after INTEGER NOT NULL,
  client TEXT,
  message TEXT,
  at TEXT NOT NULL
) STRICT;

CREATE TABLE bus_messages (
  -- never used again, whatever is cleared
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  sender TEXT NOT NULL,
  -- JSON, as it was written: a client, a list of them, or "all"
  recipients TEXT NOT NULL,
  -- to all without an acknowledgement: no row for each recipient until it was delivered
  broadcast INTEGER NOT NULL DEFAULT 0,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at TEXT NOT NULL,
  requires_ack INTEGER NOT NULL DEFAULT 0,
  reply_to TEXT,
  -- the id of the message that the thread began with
  thread TEXT NOT NULL,
  priority INTEGER NOT NULL,
  expires_at TEXT NOT NULL
, origin TEXT) STRICT;

CREATE INDEX bus_messages_by_sender ON bus_messages (sender, seq);

CREATE INDEX bus_messages_by_thread ON bus_messages (thread, seq);

CREATE INDEX bus_messages_to_all ON bus_messages (seq) WHERE broadcast = 1;

CREATE TABLE bus_origins (
  node TEXT PRIMARY KEY,
  number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chunks (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  -- where it stands in the extracted text
  start_byte INTEGER NOT NULL,
  end_byte INTEGER NOT NULL,
  start_char INTEGER NOT NULL,
  end_char INTEGER NOT NULL,
  page INTEGER,
  heading TEXT NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (document, start_char)
) STRICT;

CREATE VIRTUAL TABLE chunks_fts USING fts5 (
  text, heading,
  content = 'chunks', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3'
);

CREATE TABLE claims (
  hash BLOB PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset')),
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_by_owner ON claims (owner);

CREATE TABLE collections (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (owner, name)
) STRICT;

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
, pinned_document_ids TEXT NOT NULL DEFAULT '[]', tools TEXT, active_leaf_id TEXT) STRICT;

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

CREATE TABLE documents (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  title TEXT,
  -- a title the person gave is not replaced by the one inside the file
  title_given INTEGER NOT NULL DEFAULT 0,
  kind TEXT,
  media_type TEXT,
  size_bytes INTEGER NOT NULL,
  -- BLAKE3 of the bytes; the name of the file that holds them
  hash TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('upload', 'text', 'url', 'folder')),
  source TEXT,
  -- of a watched folder: the file's time when it was read, in ms since 1970; null when it vanished
  source_modified INTEGER,
  collection INTEGER REFERENCES collections (seq) ON DELETE SET NULL,
  folder INTEGER REFERENCES watched_folders (seq) ON DELETE SET NULL,
  -- the job queue: whatever is not ready or failed is still to be done
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'extracting', 'chunking', 'embedding', 'ready', 'failed')),
  error TEXT,
  pages INTEGER,
  chars INTEGER,
  tokens INTEGER,
  chunks INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deleted_at TEXT
) STRICT;

CREATE INDEX documents_by_collection ON documents (collection, seq DESC)
  WHERE deleted_at IS NULL AND collection IS NOT NULL;

CREATE INDEX documents_by_folder ON documents (folder, source) WHERE folder IS NOT NULL;

CREATE INDEX documents_by_hash ON documents (hash);

CREATE INDEX documents_by_owner ON documents (owner, seq DESC) WHERE deleted_at IS NULL;

CREATE INDEX documents_in_trash ON documents (owner, deleted_at DESC, seq DESC)
  WHERE deleted_at IS NOT NULL;

CREATE INDEX documents_to_do ON documents (state)
  WHERE state NOT IN ('ready', 'failed') AND deleted_at IS NULL;

CREATE VIRTUAL TABLE documents_fts USING fts5 (
  name, title,
  content = 'documents', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TABLE embedding_spaces (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'building', 'retired')),
  error TEXT,
  created_at TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX embedding_spaces_by_state ON embedding_spaces (state)
  WHERE state <> 'retired';

CREATE TABLE idempotency (
  owner TEXT NOT NULL REFERENCES users (id),
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE instance (name TEXT NOT NULL) STRICT;

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
, support TEXT, document_ids TEXT NOT NULL DEFAULT '[]', calls TEXT NOT NULL DEFAULT '[]') STRICT;

CREATE INDEX messages_by_conversation ON messages (conversation, parent);

CREATE INDEX messages_by_parent ON messages (parent);

CREATE INDEX messages_by_time ON messages (created_at);

CREATE INDEX messages_in_trash ON messages (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE INDEX messages_streaming ON messages (state) WHERE state = 'streaming';

CREATE VIRTUAL TABLE messages_fts USING fts5 (
  content,
  content = 'messages', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TABLE notes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  text TEXT NOT NULL,
  -- where it was said; the note stays when that is gone
  conversation INTEGER REFERENCES conversations (seq) ON DELETE SET NULL,
  message INTEGER REFERENCES messages (seq) ON DELETE SET NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deleted_at TEXT
) STRICT;

CREATE INDEX notes_by_conversation ON notes (conversation);

CREATE INDEX notes_by_message ON notes (message);

CREATE INDEX notes_by_owner ON notes (owner, seq DESC) WHERE deleted_at IS NULL;

CREATE INDEX notes_in_trash ON notes (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE VIRTUAL TABLE notes_fts USING fts5 (
  text,
  content = 'notes', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TABLE outbound (
  host TEXT NOT NULL,
  purpose TEXT NOT NULL,
  requests INTEGER NOT NULL,
  -- not let out: OFFLINE, or an address that is never asked
  refused INTEGER NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL,
  last_error TEXT,
  PRIMARY KEY (host, purpose)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbound_by_age ON outbound (last_at);

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

CREATE TABLE reranker (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  model TEXT NOT NULL
) STRICT;

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

CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE INDEX sessions_by_owner ON sessions (owner, id DESC);

CREATE TABLE to_embed (
  space INTEGER NOT NULL REFERENCES embedding_spaces (seq) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  item INTEGER NOT NULL,
  PRIMARY KEY (space, kind, parent, item)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE tool_consents (
  conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  server TEXT NOT NULL REFERENCES tool_servers (id) ON DELETE CASCADE,
  tool TEXT NOT NULL,
  print TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (conversation, server, tool)
) STRICT, WITHOUT ROWID;

CREATE INDEX tool_consents_by_server ON tool_consents (server);

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
, role TEXT NOT NULL DEFAULT 'admin' CHECK (role IN ('admin', 'member')), password TEXT, disabled_at TEXT, last_seen_at TEXT) STRICT;

CREATE UNIQUE INDEX users_by_name ON users (name COLLATE NOCASE);

CREATE TABLE "vectors" (
  -- never given twice: the index in memory knows a vector by it
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  space INTEGER NOT NULL REFERENCES embedding_spaces (seq) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  item INTEGER NOT NULL,
  part INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  vector BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX vectors_by_item ON vectors (space, kind, item, part);

CREATE TABLE watched_folders (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  path TEXT NOT NULL,
  collection INTEGER REFERENCES collections (seq) ON DELETE SET NULL,
  state TEXT NOT NULL CHECK (state IN ('watching', 'scanning', 'missing', 'failed')),
  error TEXT,
  -- the first few files that were passed over, each with its reason
  skipped TEXT NOT NULL DEFAULT '[]',
  scanned_at TEXT,
  created_at TEXT NOT NULL,
  UNIQUE (owner, path)
) STRICT;

CREATE TABLE webhook_deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  webhook INTEGER NOT NULL REFERENCES webhooks (seq) ON DELETE CASCADE,
  event_id TEXT NOT NULL,
  event TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  -- when it began to wait, for the last time
  queued_at TEXT NOT NULL,
  -- of one that waits: not tried before this
  next_at TEXT,
  ended_at TEXT,
  last_status INTEGER,
  last_error TEXT,
  -- JSON, as it is sent and signed
  body TEXT NOT NULL
) STRICT;

CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (webhook, state, seq);

CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE webhooks (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  -- JSON list of names
  events TEXT NOT NULL,
  -- sealed
  secret BLOB NOT NULL,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  -- not tried before this: it asked to be left alone
  paused_until TEXT,
  last_at TEXT,
  last_status INTEGER,
  last_error TEXT,
  -- events that found no room, and ended deliveries that had to make room before they were looked at
  lost INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TRIGGER chunks_fts_delete AFTER DELETE ON chunks
BEGIN
  INSERT INTO chunks_fts (chunks_fts, rowid, text, heading)
    VALUES ('delete', old.seq, old.text, old.heading);
END;

CREATE TRIGGER chunks_fts_insert AFTER INSERT ON chunks
BEGIN
  INSERT INTO chunks_fts (rowid, text, heading) VALUES (new.seq, new.text, new.heading);
END;

CREATE TRIGGER chunks_to_embed AFTER INSERT ON chunks
BEGIN
  INSERT OR IGNORE INTO to_embed (space, kind, parent, item)
    SELECT seq, 1, new.document, new.seq FROM embedding_spaces WHERE state <> 'retired';
END;

CREATE TRIGGER chunks_unembed AFTER DELETE ON chunks
BEGIN
  DELETE FROM vectors WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 1 AND item = old.seq;
  DELETE FROM to_embed WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 1 AND parent = old.document AND item = old.seq;
END;

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

CREATE TRIGGER documents_fts_delete AFTER DELETE ON documents
BEGIN
  INSERT INTO documents_fts (documents_fts, rowid, name, title)
    VALUES ('delete', old.seq, old.name, old.title);
END;

CREATE TRIGGER documents_fts_insert AFTER INSERT ON documents
BEGIN
  INSERT INTO documents_fts (rowid, name, title) VALUES (new.seq, new.name, new.title);
END;

CREATE TRIGGER documents_fts_update AFTER UPDATE OF name, title ON documents
WHEN new.name IS NOT old.name OR new.title IS NOT old.title
BEGIN
  INSERT INTO documents_fts (documents_fts, rowid, name, title)
    VALUES ('delete', old.seq, old.name, old.title);
  INSERT INTO documents_fts (rowid, name, title) VALUES (new.seq, new.name, new.title);
END;

CREATE TRIGGER messages_embed_again AFTER UPDATE OF content, state, deleted_at ON messages
WHEN new.content IS NOT old.content OR new.deleted_at IS NOT old.deleted_at
  OR (new.state = 'streaming') <> (old.state = 'streaming')
BEGIN
  DELETE FROM vectors WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 2 AND item = old.seq;
  DELETE FROM to_embed WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 2 AND parent = old.conversation AND item = old.seq;
  INSERT OR IGNORE INTO to_embed (space, kind, parent, item)
    SELECT seq, 2, new.conversation, new.seq FROM embedding_spaces
    WHERE state <> 'retired' AND new.state <> 'streaming' AND new.deleted_at IS NULL AND new.content <> ''
      AND new.role IN ('user', 'assistant') AND new.provider IS NOT 'passages';
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

CREATE TRIGGER messages_to_embed AFTER INSERT ON messages
WHEN new.state <> 'streaming' AND new.deleted_at IS NULL AND new.content <> ''
  AND new.role IN ('user', 'assistant') AND new.provider IS NOT 'passages'
BEGIN
  INSERT OR IGNORE INTO to_embed (space, kind, parent, item)
    SELECT seq, 2, new.conversation, new.seq FROM embedding_spaces WHERE state <> 'retired';
END;

CREATE TRIGGER messages_unembed AFTER DELETE ON messages
BEGIN
  DELETE FROM vectors WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 2 AND item = old.seq;
  DELETE FROM to_embed WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 2 AND parent = old.conversation AND item = old.seq;
END;

CREATE TRIGGER notes_fts_delete AFTER DELETE ON notes
WHEN old.deleted_at IS NULL
BEGIN
  INSERT INTO notes_fts (notes_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;

CREATE TRIGGER notes_fts_insert AFTER INSERT ON notes
WHEN new.deleted_at IS NULL
BEGIN
  INSERT INTO notes_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER notes_fts_update AFTER UPDATE OF text, deleted_at ON notes
WHEN new.text IS NOT old.text OR (new.deleted_at IS NULL) <> (old.deleted_at IS NULL)
BEGIN
  INSERT INTO notes_fts (notes_fts, rowid, text)
    SELECT 'delete', old.seq, old.text WHERE old.deleted_at IS NULL;
  INSERT INTO notes_fts (rowid, text)
    SELECT new.seq, new.text WHERE new.deleted_at IS NULL;
END;
