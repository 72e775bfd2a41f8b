# Inglenook's configuration. Every setting stands here with its default; take the # away to change
# one. These are plain shell assignments: KEY=value, export KEY="value", quotes, comments, ${OTHER}
# and ${OTHER:-default}. The file is read, never executed. `inglenook config check` tells what is
# wrong with it.
#
# Stronger than this file: INGLENOOK_<KEY> in the environment, then the command line.
# [live] takes effect as soon as this file is saved, the others at the next start.

# ---- Address and data ----

# A set of values for a purpose; what stands in this file wins over it; one of default,
# development, production, testing
#PRESET=default

# Address to listen on; another than loopback needs a password, set with `inglenook password`; an
# IP address or localhost
#HOST=127.0.0.1

# Port to listen on; 0 takes a free one; a whole number from 0 to 65535; testing: 0
#PORT=5001

# Folder of the database and the logs; auto is the platform's data folder, temp a fresh temporary
# one; a folder, auto or temp; testing: temp
#DATA_DIR=auto

# ---- Sign-in ----

# Life of a login session after its last use; a whole number from 1 to 8760, h; testing: 1 [live]
#SESSION_EXPIRY_HOURS=24

# Life of a link that lets somebody set a password; a whole number from 1 to 8760, h [live]
#INVITATION_EXPIRY_HOURS=168

# Length of the shortest password; a whole number from 8 to 128, characters [live]
#PASSWORD_MIN_CHARS=8

# Wrong passwords for one name before there is a wait, which doubles each time; a whole number
# from 1 to 100 [live]
#PASSWORD_FREE_TRIES=3

# The longest such wait; a whole number from 1 to 3600, s [live]
#PASSWORD_WAIT_MAX_SECONDS=300

# ---- Conversations and chat ----

# Past messages sent to a model, within the token budget; a whole number from 0 to 10000 [live]
#HISTORY_LIMIT=10

# Tokens of one request; auto is the model's window less the answer's reserve; auto or a whole
# number from 256 to 10000000, tokens [live]
#CONTEXT_TOKEN_BUDGET=auto

# Room left for the answer inside the model's window; a whole number from 16 to 1000000, tokens
# [live]
#ANSWER_RESERVE_TOKENS=1024

# Window assumed for a model that does not say its own; a whole number from 256 to 10000000,
# tokens [live]
#DEFAULT_CONTEXT_TOKENS=4096

# Size of one message; a whole number from 1 to 65536, KiB [live]
#MAX_MESSAGE_KB=512

# Length of a title and of the name of a folder, tag or model; a whole number from 20 to 2000,
# characters [live]
#MAX_NAME_CHARS=200

# Tags of one conversation; a whole number from 1 to 1000 [live]
#MAX_TAGS=50

# Files that one message may bring; a whole number from 1 to 1000 [live]
#MAX_ATTACHMENTS=20

# Conversations or documents that one request may change together; a whole number from 200 to
# 10000 [live]
#BULK_MAX=200

# Newest messages with its words that a list's query looks at; bounds its time for common words; a
# whole number from 1 to 1000000 [live]
#LIST_QUERY_MESSAGES=2000

# Size of a conversation's metadata; a whole number from 1 to 1024, KiB [live]
#MAX_METADATA_KB=64

# Size of one note; a whole number from 1 to 1024, KiB [live]
#MAX_NOTE_KB=8

# Size at which an answer is ended; a whole number from 1 to 65536, KiB [live]
#MAX_ANSWER_KB=4096

# Answers written at the same time; further questions are refused with 429; a whole number from 1
# to 10000 [live]
#MAX_TURNS=64

# Partial answers reach the disk this often; a whole number from 50 to 1000, ms [live]
#CHECKPOINT_MS=500

# The events of a finished answer can be replayed this long; a whole number from 1 to 8760, h
# [live]
#TURN_REPLAY_HOURS=24

# What was sent to the model for an answer can be looked at this long; a whole number from 0 to
# 3650, days [live]
#PROMPT_KEEP_DAYS=7

# Length of a title that is made; a whole number from 10 to 500, characters [live]
#TITLE_MAX_CHARS=80

# Time a model has to make a title before the question's own words are taken; a whole number from
# 100 to 600000, ms [live]
#TITLE_TIMEOUT_MS=30000

# Messages that a question of a temporary chat may bring along; a whole number from 1 to 100000
# [live]
#TEMPORARY_MAX_MESSAGES=1000

# A finished answer of a temporary chat can be read this long, from memory; a whole number from 1
# to 3600, s [live]
#TEMPORARY_LINGER_SECONDS=60

# ---- Models ----

# Wait for a model server to connect and send its first byte; a whole number from 10 to 3600000,
# ms; testing: 2000 [live]
#API_TIMEOUT_MS=30000

# Silence inside an answer after which it is given up; a whole number from 10 to 3600000, ms;
# testing: 2000 [live]
#STREAM_IDLE_TIMEOUT_MS=120000

# Age at which lists of models are fetched again; a whole number from 1 to 86400, s [live]
#MODELS_REFRESH_SECONDS=60

# Wait for each usual local port when looking for model servers; a whole number from 10 to 60000,
# ms [live]
#DISCOVERY_TIMEOUT_MS=400

# Ports or URLs where servers are looked for: Ollama, LM Studio, llama.cpp, vLLM; model servers
# like ollama=11434 or openai=http://127.0.0.1:8080, separated by commas [live]
#DISCOVERY_URLS=ollama=11434,openai=1234,openai=8080,openai=8000

# Longest line of a streamed answer; one beyond it breaks the answer off; a whole number from 16
# to 65536, KiB [live]
#MODEL_LINE_MAX_KB=1024

# Largest list of models, or answer in one piece; a whole number from 64 to 1048576, KiB [live]
#MODEL_BODY_MAX_KB=16384

# Key for OpenAI, when none is set on the settings page; one line of text
#OPENAI_API_KEY=

# Key for Anthropic, when none is set on the settings page; one line of text
#ANTHROPIC_API_KEY=

# ---- Tools ----

# MCP servers that can be added; a whole number from 1 to 1000; testing: 10 [live]
#TOOL_SERVERS_MAX=50

# Tools that are taken from one server, and that one question may bring along; a whole number from
# 1 to 1000 [live]
#TOOLS_MAX=64

# Times that a model may call tools before it must answer; a whole number from 1 to 100 [live]
#TOOL_ROUNDS_MAX=8

# Calls of one answer in all; a whole number from 1 to 1000 [live]
#TOOL_CALLS_MAX=32

# Time a tool has; a whole number from 1 to 3600, s; testing: 2 [live]
#TOOL_CALL_TIMEOUT_SECONDS=60

# Time a person has to allow a call that may change something; then it is not made; a whole number
# from 1 to 86400, s; testing: 30 [live]
#TOOL_CONSENT_SECONDS=300

# Time an MCP server has to start and to list its tools; a whole number from 1 to 600, s; testing:
# 5 [live]
#TOOL_CONNECT_SECONDS=20

# A connection to an MCP server that nobody uses ends after this, and its program with it; a whole
# number from 1 to 86400, s [live]
#TOOL_IDLE_SECONDS=300

# Largest message of an MCP server; one beyond it ends the connection; a whole number from 16 to
# 65536, KiB [live]
#TOOL_MESSAGE_MAX_KB=2048

# What a model is given of one result; a whole number from 1 to 4096, KiB [live]
#TOOL_RESULT_MAX_KB=32

# ---- Documents, memory and search ----

# Passages per question; a whole number from 0 to 100 [live]
#RAG_MAX_DOCUMENT_RESULTS=10

# Passages of past conversations per question; a whole number from 0 to 100 [live]
#RAG_MAX_MEMORY_RESULTS=3

# Length of a passage; a whole number from 16 to 8192, tokens [live]
#CHUNK_TOKENS=220

# Tokens that neighbouring passages share; a whole number from 0 to 4096, tokens [live]
#CHUNK_OVERLAP_TOKENS=30

# Size of one document; a whole number from 1 to 10240, MiB; testing: 5 [live]
#MAX_UPLOAD_MB=100

# Documents that one upload may bring; a whole number from 1 to 10000 [live]
#MAX_UPLOAD_FILES=200

# Hits that a search ranks; bounds its time for common words; a whole number from 50 to 100000
# [live]
#SEARCH_CANDIDATES=2000

# How slowly a place lower down loses weight where words and meaning are fused; a whole number
# from 1 to 1000 [live]
#SEARCH_FUSION_K=10

# How much words count where passages are looked for; 0 leaves it to meaning; a number from 0 to
# 10 [live]
#SEARCH_WORDS_WEIGHT=1.0

# How much meaning counts there; 0 leaves it to words; a number from 0 to 10 [live]
#SEARCH_MEANING_WEIGHT=1.0

# Passages that a re-ranker is shown, where one was chosen; a whole number from 2 to 200 [live]
#RERANK_CANDIDATES=30

# Passages keep the ranks that they had when a re-ranker takes longer; a whole number from 1 to
# 300, s [live]
#RERANK_TIMEOUT_SECONDS=10

# Cosine below which nothing counts as meaning the same; a number from 0 to 1 [live]
#MEANING_MIN_SIMILARITY=0.15

# Share of the prompt that documents and passages may fill; a whole number from 0 to 90 [live]
#DOCUMENTS_PERCENT=50

# Tokens of notes that a prompt brings along, the newest first; a whole number from 0 to 100000,
# tokens [live]
#NOTES_MAX_TOKENS=800

# ---- Reading documents ----

# Documents that are read at the same time; a whole number from 1 to 64 [live]
#DOCUMENT_WORKERS=2

# Time that reading one document may take; a whole number from 1 to 3600, s [live]
#EXTRACT_TIMEOUT_SECONDS=30

# Memory that reading one document may take; a whole number from 64 to 65536, MiB [live]
#EXTRACT_MEMORY_MB=768

# Size of the text of one document; a whole number from 1 to 10240, MiB [live]
#EXTRACT_TEXT_MB=512

# Size of what one document unpacks to; a whole number from 1 to 102400, MiB [live]
#EXTRACT_UNPACKED_MB=512

# Times its size that a large part of a document may unpack to; a whole number from 10 to 100000
# [live]
#EXTRACT_UNPACKED_RATIO=300

# Size of one record or element that must be held at once; a whole number from 1 to 1024, MiB
# [live]
#EXTRACT_ITEM_MB=16

# Size of a PDF or e-mail, which are read whole; a whole number from 1 to 4096, MiB [live]
#EXTRACT_LOADED_MB=128

# Files inside one document; a whole number from 16 to 1000000 [live]
#EXTRACT_ENTRIES=20000

# Levels of nesting inside one document; a whole number from 8 to 10000 [live]
#EXTRACT_DEPTH=500

# Pages of one document; a whole number from 1 to 1000000 [live]
#EXTRACT_PAGES=20000

# Characters of a document's text that one answer gives; a whole number from 1000 to 10000000,
# characters [live]
#TEXT_WINDOW_CHARS=60000

# Wait before a document that could not be kept is tried again; a whole number from 1 to 86400, s;
# testing: 1 [live]
#DOCUMENT_RETRY_SECONDS=30

# A watched folder is looked through again after this, events or not; a whole number from 1 to
# 10080 [live]
#FOLDER_SCAN_MINUTES=10

# Folders that one person may watch; a whole number from 1 to 10000 [live]
#MAX_WATCHED_FOLDERS=100

# Files of one watched folder that are taken in; a whole number from 1 to 1000000 [live]
#FOLDER_MAX_FILES=20000

# Time that fetching a document by its URL may take; a whole number from 1 to 3600, s [live]
#FETCH_TIMEOUT_SECONDS=30

# Redirects that are followed there; a whole number from 0 to 50 [live]
#FETCH_MAX_REDIRECTS=5

# ---- Search by meaning ----

# Find by meaning as well as by words; true or false [live]
#ENABLE_EMBEDDINGS=true

# Threads of the built-in embedding model; auto is half of the processors; auto or a whole number
# from 1 to 256 [live]
#EMBED_THREADS=auto

# Texts that are embedded together; a whole number from 1 to 1024 [live]
#EMBED_BATCH=16

# Model and index leave the memory after this; a whole number from 1 to 86400, s; testing: 2
# [live]
#EMBED_IDLE_SECONDS=300

# Wait before a provider's embedding model that failed is tried again; a whole number from 1 to
# 86400, s; testing: 1 [live]
#EMBED_RETRY_SECONDS=60

# Vectors that are compared exactly, of those that are alike at a glance; a whole number from 10
# to 100000 [live]
#VECTOR_CANDIDATES=200

# ---- Retries and breakers ----

# Attempts in all to reach a model server; a whole number from 1 to 20 [live]
#RETRY_ATTEMPTS=3

# Wait before the second attempt; it doubles each time; a whole number from 1 to 600000, ms;
# development: 500; testing: 10 [live]
#RETRY_BASE_MS=2000

# Longest wait between attempts; a whole number from 1 to 3600000, ms [live]
#RETRY_MAX_MS=10000

# Shorten each wait at random, for many clients of one server; true or false [live]
#RETRY_JITTER=false

# Failures in a row that open a breaker; a whole number from 1 to 1000; development: 3;
# production: 10; testing: 2 [live]
#BREAKER_FAILURES=5

# Successful probes that close it again; a whole number from 1 to 1000; development: 2;
# production: 3; testing: 1 [live]
#BREAKER_SUCCESSES=2

# Time it stays open; a whole number from 1 to 86400, s; development: 30; production: 120;
# testing: 1 [live]
#BREAKER_OPEN_SECONDS=60

# Probes at the same time after that; a whole number from 1 to 1000 [live]
#BREAKER_HALF_OPEN_CALLS=3

# ---- Connections ----

# WebSockets and event streams in all; a whole number from 1 to 1000000; testing: 50 [live]
#MAX_CONNECTIONS=1000

# Of them from one client; a whole number from 1 to 1000000; testing: 3 [live]
#MAX_CONNECTIONS_PER_CLIENT=10

# The server pings this often; a whole number from 1 to 3600, s; testing: 1 [live]
#HEARTBEAT_SECONDS=30

# A silent peer is dropped after this; a whole number from 1 to 86400, s; development: 60;
# testing: 3 [live]
#CONNECTION_TIMEOUT_SECONDS=90

# Further TCP connections, of clients that ask; a whole number from 16 to 1000000
#MAX_HTTP_CONNECTIONS=512

# Further ones kept free for /health, so that a full server still answers it; a whole number from
# 0 to 1000
#HEALTH_RESERVED_CONNECTIONS=8

# Time a client has to send its next request's headers; an idle connection is closed; a whole
# number from 1 to 600, s
#HEADER_TIMEOUT_SECONDS=10

# A request body may stall this long; a whole number from 1 to 3600, s [live]
#BODY_TIMEOUT_SECONDS=30

# Size of a request's headers; a whole number from 8 to 1024, KiB
#MAX_HEADER_KB=64

# Events a slow reader may fall behind before it must fetch anew; a whole number from 16 to
# 1000000
#FEED_BUFFER=1024

# Time open work has to end when the server stops; a whole number from 1 to 9, s
#SHUTDOWN_GRACE_SECONDS=8

# ---- Agent bus ----

# Ids of messages are remembered this long; a whole number from 1 to 86400, s; development: 60;
# production: 600; testing: 30 [live]
#DEDUP_TTL_SECONDS=300

# Counters of clients that are gone are kept this long; a whole number from 1 to 604800, s;
# development: 600; production: 3600; testing: 60 [live]
#CLIENT_METRICS_TTL_SECONDS=3600

# What has expired is cleared away this often; a whole number from 1 to 86400, s; development: 60;
# production: 600; testing: 10 [live]
#CLEANUP_INTERVAL_SECONDS=300

# Share of requests that are measured; a number from 0 to 1; production: 0.1 [live]
#METRICS_SAMPLE_RATE=1.0

# Undelivered messages kept for a client; a whole number from 1 to 1000000; testing: 100 [live]
#QUEUE_MAX_PER_CLIENT=1000

# And how long they are kept; a whole number from 1 to 31536000, s; testing: 30 [live]
#MESSAGE_TTL_SECONDS=86400

# A message that asks for an ack is sent again after this; a whole number from 1 to 3600, s;
# testing: 1 [live]
#ACK_TIMEOUT_SECONDS=5

# Times it is sent again; a whole number from 0 to 100; testing: 2 [live]
#ACK_RETRIES=3

# Messages of one batch, clients that one is for; a whole number from 1 to 100000 [live]
#BUS_BATCH_MAX=1000

# Messages a reader may fall behind before it is given them from the disk; a whole number from 8
# to 65536
#BUS_BUFFER=256

# Messages that nobody waits for are kept this long; a whole number from 1 to 36500, days;
# testing: 1 [live]
#BUS_LOG_DAYS=30

# Who asks waits this long for the reply, unless they say; a whole number from 1 to 3600, s;
# testing: 5 [live]
#BUS_ASK_SECONDS=60

# ---- Webhooks ----

# Webhooks that can be added; a whole number from 1 to 10000; testing: 10 [live]
#WEBHOOK_MAX=100

# Time a webhook has to answer; a whole number from 50 to 600000, ms; testing: 500 [live]
#WEBHOOK_TIMEOUT_MS=10000

# Tries of one delivery in all; a whole number from 1 to 100; testing: 4 [live]
#WEBHOOK_ATTEMPTS=15

# Wait before the second try; it doubles each time; a whole number from 1 to 3600000, ms; testing:
# 20 [live]
#WEBHOOK_RETRY_BASE_MS=10000

# Longest wait, also of those that a webhook asks for; a whole number from 1 to 604800, s;
# testing: 1 [live]
#WEBHOOK_RETRY_MAX_SECONDS=3600

# Tries of a delivery for which later ones to the same webhook wait, to keep their order; a whole
# number from 0 to 100 [live]
#WEBHOOK_ORDERED_ATTEMPTS=3

# Webhooks that are told at the same time; a whole number from 1 to 1000; testing: 4
#WEBHOOK_AT_ONCE=16

# Deliveries that may wait for one webhook; what is beyond is counted as lost; a whole number from
# 1 to 1000000; testing: 20 [live]
#WEBHOOK_QUEUE_MAX=1000

# Deliveries of one webhook that are kept after their end, of those that arrived and of those that
# did not; a whole number from 1 to 1000000; testing: 20 [live]
#WEBHOOK_KEEP_MAX=1000

# And how long they are kept; a whole number from 1 to 3650, days [live]
#WEBHOOK_KEEP_DAYS=7

# Time that deliveries have when the server stops; what is left goes at the next start; a whole
# number from 0 to 5000, ms [live]
#WEBHOOK_LAST_MS=1000

# ---- Rooms ----

# Size of one file in a room (reserved: this version has no use for it yet); a whole number from 1
# to 10240, MiB; testing: 1 [live]
#ROOM_FILE_MAX_MB=10

# Size of all files of a room (reserved: this version has no use for it yet); a whole number from
# 1 to 1048576, MiB; testing: 3 [live]
#ROOM_TOTAL_FILE_MB=100

# ---- Code ----

# Let code be run in a sandbox (reserved: this version has no use for it yet); true or false;
# testing: true [live]
#ENABLE_CODE_EXECUTION=false

# Time a run has (reserved: this version has no use for it yet); a whole number from 1 to 3600, s;
# testing: 5 [live]
#EXECUTION_TIMEOUT_SECONDS=30

# Memory a run has (reserved: this version has no use for it yet); a whole number from 16 to
# 1048576, MiB; testing: 256 [live]
#EXECUTION_MEMORY_MB=512

# Wait for a file that another fix is changing (reserved: this version has no use for it yet); a
# whole number from 1 to 600, s; testing: 2 [live]
#FILE_LOCK_TIMEOUT_SECONDS=10

# ---- Rate limits (0 turns one off) ----

# Messages on the bus; a whole number from 0 to 1000000, per minute; testing: 0 [live]
#RATE_LIMIT_BUS=60

# Questions to models; a whole number from 0 to 1000000, per minute; testing: 0 [live]
#RATE_LIMIT_CHAT=30

# Attempts to sign in; a whole number from 0 to 1000000, per minute; testing: 0 [live]
#RATE_LIMIT_LOGIN=5

# Code reviews (reserved: this version has no use for it yet); a whole number from 0 to 1000000,
# per minute; testing: 0 [live]
#RATE_LIMIT_REVIEW=10

# Uploads, of several documents each; a whole number from 0 to 1000000, per minute; testing: 0
# [live]
#RATE_LIMIT_UPLOAD=60

# All other requests; a whole number from 0 to 1000000, per minute; testing: 0 [live]
#RATE_LIMIT_API=1200

# ---- Who may call ----

# Pages of other origins that may call the API; origins like http://localhost:3000 separated by
# commas; * is not allowed; development: http://localhost:3000 [live]
#CORS_ORIGINS=

# Names that requests may use for this server; HOST is always one of them; host names or
# addresses, without ports, separated by commas [live]
#ALLOWED_HOSTS=localhost,127.0.0.1,::1

# ---- Many machines ----

# Redis server that joins several processes into one bus; off or a URL that begins with redis://
# or rediss:// or unix://
#REDIS_URL=off

# Begins every key in Redis; one line of text
#REDIS_KEY_PREFIX=inglenook

# Requests to Redis that are under way at once; a whole number from 1 to 10000
#REDIS_POOL=50

# What runs in the background waits for Redis; a whole number from 1 to 600, s; testing: 2 [live]
#REDIS_TIMEOUT_SECONDS=5

# What somebody waits for waits this long for Redis, then does without; a whole number from 10 to
# 600, ms [live]
#REDIS_REQUEST_MS=500

# A process that is silent this long is gone, and its clients with it; a whole number from 1 to
# 600, s; testing: 2 [live]
#REDIS_PRESENCE_SECONDS=10

# Messages that Redis keeps for processes that are away; a whole number from 1000 to 100000000
# [live]
#REDIS_STREAM_MAX=100000

# ---- MCP ----

# Sessions of MCP clients at the same time; then one that is not used gives way; a whole number
# from 1 to 100000; testing: 4 [live]
#MCP_MAX_SESSIONS=200

# A session without a request ends after this; a whole number from 1 to 604800, s
#MCP_SESSION_IDLE_SECONDS=3600

# An answer whose stream broke can be fetched again this long; a whole number from 0 to 86400, s
# [live]
#MCP_REPLAY_SECONDS=300

# And so much of all of them is kept; a whole number from 0 to 1024, MiB [live]
#MCP_REPLAY_MB=16

# The longest that bus_ask may be told to wait for a reply; a whole number from 1 to 86400, s
# [live]
#MCP_ASK_MAX_SECONDS=600

# ---- Logs ----

# Least important lines that are kept; one of error, warn, info, debug, trace; development: debug;
# testing: debug [live]
#LOG_LEVEL=info

# Lines for people or one JSON object a line; one of standard, json; production: json
#LOG_FORMAT=standard

# When a new file in DATA_DIR/logs begins, by UTC; one of daily, hourly, never
#LOG_ROTATION=daily

# Log files that are kept; a whole number from 1 to 10000
#LOG_KEEP_FILES=14

# Newest lines shown on the settings page; a whole number from 10 to 100000 [live]
#LOG_RING_LINES=500

# OpenTelemetry collector for traces and metrics (reserved: this version has no use for it yet);
# off or a URL that begins with http:// or https://
#OTLP_ENDPOINT=off

# ---- Backups and deletion ----

# A backup is made this often (reserved: this version has no use for it yet); off or a whole
# number from 1 to 8760, h; testing: off [live]
#BACKUP_INTERVAL_HOURS=24

# Backups that are kept (reserved: this version has no use for it yet); a whole number from 1 to
# 1000 [live]
#BACKUP_KEEP=7

# Deleted conversations can be restored this long; a whole number from 0 to 3650, days [live]
#TRASH_DAYS=30

# The answer to an Idempotency-Key is remembered this long; a whole number from 24 to 720, h
# [live]
#IDEMPOTENCY_HOURS=24

# ---- Sizes of requests ----

# Size of a JSON body; a whole number from 1 to 1048576, KiB [live]
#MAX_JSON_KB=1024

# Size of a WebSocket message; a whole number from 1 to 65536, KiB [live]
#MAX_FRAME_KB=1024

# Levels of nesting in a JSON body; a whole number from 8 to 120 [live]
#MAX_JSON_DEPTH=64

# ---- Database ----

# Connections that read at the same time; a whole number from 1 to 64
#DB_READERS=4

# Writes that share one commit at most; a whole number from 1 to 10000
#DB_WRITE_BATCH=256

# Writes that may wait for the writer; a whole number from 1 to 1000000
#DB_QUEUE_MAX=4096

# Page cache of each connection; a whole number from 1 to 4096, MiB
#DB_CACHE_MB=8

# Snapshots from before an upgrade that are kept; a whole number from 1 to 100
#SNAPSHOT_KEEP=5

# ---- What leaves this machine ----

# Private hosts that documents by URL and webhooks may reach; host names or addresses, without
# ports, separated by commas [live]
#ALLOWED_FETCH_HOSTS=

# Contact loopback addresses only; true or false [live]
#OFFLINE=false

# Hosts of which it is remembered that they were contacted; a whole number from 1 to 10000000
# [live]
#OUTBOUND_MAX_HOSTS=10000

# Contacts are written down this often, together; a whole number from 1 to 3600, s; testing: 1
# [live]
#OUTBOUND_KEEP_SECONDS=10

# ---- Start ----

# Open the browser when the server starts; true or false; production: false; testing: false
#OPEN_BROWSER=true
