-- What the list shows of a conversation's active leaf, so that a page of it looks no message up.

ALTER TABLE conversations ADD COLUMN active_leaf_id TEXT;

UPDATE conversations SET active_leaf_id = (SELECT id FROM messages WHERE seq = active_leaf)
WHERE active_leaf IS NOT NULL;
