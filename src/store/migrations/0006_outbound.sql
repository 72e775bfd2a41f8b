-- What leaves this machine: who was asked, why, and how often.

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
