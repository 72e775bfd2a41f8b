-- Webhooks: who is told what happened, and every delivery from before its first try to its end.

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
