CREATE TABLE collections (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (owner, name)
) STRICT;

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

CREATE INDEX documents_by_owner ON documents (owner, seq DESC) WHERE deleted_at IS NULL;
CREATE INDEX documents_in_trash ON documents (owner, deleted_at DESC, seq DESC)
  WHERE deleted_at IS NOT NULL;
CREATE INDEX documents_by_collection ON documents (collection, seq DESC)
  WHERE deleted_at IS NULL AND collection IS NOT NULL;
CREATE INDEX documents_by_folder ON documents (folder, source) WHERE folder IS NOT NULL;
CREATE INDEX documents_by_hash ON documents (hash);
CREATE INDEX documents_to_do ON documents (state)
  WHERE state NOT IN ('ready', 'failed') AND deleted_at IS NULL;

CREATE VIRTUAL TABLE documents_fts USING fts5 (
  name, title,
  content = 'documents', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

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

CREATE TRIGGER documents_fts_delete AFTER DELETE ON documents
BEGIN
  INSERT INTO documents_fts (documents_fts, rowid, name, title)
    VALUES ('delete', old.seq, old.name, old.title);
END;

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

CREATE TRIGGER chunks_fts_insert AFTER INSERT ON chunks
BEGIN
  INSERT INTO chunks_fts (rowid, text, heading) VALUES (new.seq, new.text, new.heading);
END;

CREATE TRIGGER chunks_fts_delete AFTER DELETE ON chunks
BEGIN
  INSERT INTO chunks_fts (chunks_fts, rowid, text, heading)
    VALUES ('delete', old.seq, old.text, old.heading);
END;

-- One embedding model's vectors. The active space serves; another may be building beside it; what is
-- retired is being cleared away.
CREATE TABLE embedding_spaces (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'building', 'retired')),
  error TEXT,
  created_at TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX embedding_spaces_by_state ON embedding_spaces (state)
  WHERE state <> 'retired';

-- kind: 1 a chunk of a document, 2 a message; `parent` is its document or conversation. A long
-- message has several parts.
CREATE TABLE vectors (
  space INTEGER NOT NULL REFERENCES embedding_spaces (seq) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  item INTEGER NOT NULL,
  part INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  vector BLOB NOT NULL,
  PRIMARY KEY (space, kind, item, part)
) STRICT, WITHOUT ROWID;

-- What has no vector yet. Filled by triggers, so that nothing is forgotten over a crash.
CREATE TABLE to_embed (
  space INTEGER NOT NULL REFERENCES embedding_spaces (seq) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  item INTEGER NOT NULL,
  PRIMARY KEY (space, kind, parent, item)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER messages_to_embed AFTER INSERT ON messages
WHEN new.state <> 'streaming' AND new.deleted_at IS NULL AND new.content <> ''
  AND new.role IN ('user', 'assistant') AND new.provider IS NOT 'passages'
BEGIN
  INSERT OR IGNORE INTO to_embed (space, kind, parent, item)
    SELECT seq, 2, new.conversation, new.seq FROM embedding_spaces WHERE state <> 'retired';
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

CREATE TRIGGER messages_unembed AFTER DELETE ON messages
BEGIN
  DELETE FROM vectors WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 2 AND item = old.seq;
  DELETE FROM to_embed WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 2 AND parent = old.conversation AND item = old.seq;
END;

INSERT INTO embedding_spaces (model, state, created_at)
  VALUES ('builtin/all-MiniLM-L6-v2', 'active', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

INSERT INTO to_embed (space, kind, parent, item)
  SELECT 1, 2, conversation, seq FROM messages
  WHERE state <> 'streaming' AND deleted_at IS NULL AND content <> ''
    AND role IN ('user', 'assistant') AND provider IS NOT 'passages';

ALTER TABLE conversations ADD COLUMN pinned_document_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE messages ADD COLUMN support TEXT;
ALTER TABLE messages ADD COLUMN document_ids TEXT NOT NULL DEFAULT '[]';
