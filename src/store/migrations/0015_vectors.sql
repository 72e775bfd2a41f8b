-- Vectors by a number of their own. With the key as the tree, as before, whole vectors stood on its
-- inner pages, and to look one up took several pages of them; now it takes one.

DROP TRIGGER chunks_unembed;
DROP TRIGGER messages_embed_again;
DROP TRIGGER messages_unembed;

CREATE TABLE vectors_by_number (
  -- never given twice: the index in memory knows a vector by it
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  space INTEGER NOT NULL REFERENCES embedding_spaces (seq) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  item INTEGER NOT NULL,
  part INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  vector BLOB NOT NULL
) STRICT;

INSERT INTO vectors_by_number (space, kind, item, part, parent, vector)
SELECT space, kind, item, part, parent, vector FROM vectors ORDER BY space, kind, item, part;

DROP TABLE vectors;

ALTER TABLE vectors_by_number RENAME TO vectors;

CREATE UNIQUE INDEX vectors_by_item ON vectors (space, kind, item, part);

CREATE TRIGGER chunks_unembed AFTER DELETE ON chunks
BEGIN
  DELETE FROM vectors WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 1 AND item = old.seq;
  DELETE FROM to_embed WHERE space IN (SELECT seq FROM embedding_spaces)
    AND kind = 1 AND parent = old.document AND item = old.seq;
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
