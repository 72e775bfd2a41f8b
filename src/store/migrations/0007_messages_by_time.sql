-- For search within a time: which messages it holds is known without looking at each match.

CREATE INDEX messages_by_time ON messages (created_at);
