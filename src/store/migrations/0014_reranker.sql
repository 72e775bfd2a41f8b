-- The model that ranks passages anew, if one was chosen.

CREATE TABLE reranker (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  model TEXT NOT NULL
) STRICT;
