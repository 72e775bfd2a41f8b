-- The agent bus: what was sent, to whom it goes and how far that came, who was ever seen.

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
) STRICT;
CREATE INDEX bus_messages_by_sender ON bus_messages (sender, seq);
CREATE INDEX bus_messages_by_thread ON bus_messages (thread, seq);
CREATE INDEX bus_messages_to_all ON bus_messages (seq) WHERE broadcast = 1;

CREATE TABLE bus_deliveries (
  client TEXT NOT NULL,
  message INTEGER NOT NULL REFERENCES bus_messages (seq) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('stored', 'delivered', 'acknowledged', 'expired', 'timeout')),
  -- the place in the queue: messages of a higher priority overtake so many and no more
  rank INTEGER NOT NULL,
  wants_ack INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  expires_at TEXT NOT NULL,
  stored_at TEXT NOT NULL,
  delivered_at TEXT,
  acknowledged_at TEXT,
  ended_at TEXT,
  PRIMARY KEY (client, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX bus_deliveries_waiting ON bus_deliveries (client, rank, message) WHERE state = 'stored';
CREATE INDEX bus_deliveries_expiring ON bus_deliveries (expires_at) WHERE state = 'stored';
CREATE INDEX bus_deliveries_unacknowledged ON bus_deliveries (message) WHERE state = 'delivered' AND wants_ack = 1;
CREATE INDEX bus_deliveries_by_message ON bus_deliveries (message);

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

-- What a sender called its messages, so that the same one is not sent twice.
CREATE TABLE bus_ids (
  sender TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (sender, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX bus_ids_by_expiry ON bus_ids (expires_at);

CREATE VIRTUAL TABLE bus_fts USING fts5 (
  text, content = '', contentless_delete = 1,
  tokenize = "unicode61 remove_diacritics 2"
);
