-- Facts that a person wants remembered, written down by hand or kept from "Remember that ...".

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
CREATE INDEX notes_by_owner ON notes (owner, seq DESC) WHERE deleted_at IS NULL;
CREATE INDEX notes_in_trash ON notes (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX notes_by_conversation ON notes (conversation);
CREATE INDEX notes_by_message ON notes (message);

-- Full text. A note is in the index from its commit until it is deleted.
CREATE VIRTUAL TABLE notes_fts USING fts5 (
  text,
  content = 'notes', content_rowid = 'seq',
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3'
);

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
CREATE TRIGGER notes_fts_delete AFTER DELETE ON notes
WHEN old.deleted_at IS NULL
BEGIN
  INSERT INTO notes_fts (notes_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;
