-- A bus of many processes: which of them accepted a message, and how far this one has told the others.

-- the node that accepted it; absent for what was accepted here
ALTER TABLE bus_messages ADD COLUMN origin TEXT;
CREATE INDEX bus_ids_by_message ON bus_ids (seq);

-- the other node that delivered it, and looks after its acknowledgement
ALTER TABLE bus_deliveries ADD COLUMN elsewhere TEXT;

-- One row: this node, and where it stands between its own messages and those of the others.
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

-- What the others are yet to be told, besides messages.
CREATE TABLE bus_marks (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('seen', 'delivered', 'acknowledged', 'again', 'timeout', 'cleared', 'missed')),
  -- told after what was accepted up to this number
  after INTEGER NOT NULL,
  client TEXT,
  message TEXT,
  at TEXT NOT NULL
) STRICT;

-- How far this node has what another accepted, by that one's numbers.
CREATE TABLE bus_origins (
  node TEXT PRIMARY KEY,
  number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
