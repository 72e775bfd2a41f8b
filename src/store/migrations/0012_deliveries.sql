-- Deliveries lie in the order of the messages, so that a message to many is written to one place; what was
-- said to all is found among the messages, not by client.

CREATE TABLE deliveries_by_message (
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

INSERT INTO deliveries_by_message
SELECT d.message, d.client, d.state, m.broadcast, d.rank, d.wants_ack, d.attempts, d.expires_at, d.stored_at,
  d.delivered_at, d.acknowledged_at, d.ended_at, d.elsewhere
FROM bus_deliveries d JOIN bus_messages m ON m.seq = d.message;

DROP TABLE bus_deliveries;
ALTER TABLE deliveries_by_message RENAME TO bus_deliveries;
CREATE INDEX bus_deliveries_by_client ON bus_deliveries (client, message) WHERE broadcast = 0;
CREATE INDEX bus_deliveries_waiting ON bus_deliveries (client, rank, message) WHERE state = 'stored';
CREATE INDEX bus_deliveries_expiring ON bus_deliveries (expires_at) WHERE state = 'stored';
CREATE INDEX bus_deliveries_unacknowledged ON bus_deliveries (message) WHERE state = 'delivered' AND wants_ack = 1;
