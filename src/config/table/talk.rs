//! Settings of conversations: what is sent to models, how they are reached, what is searched.

use crate::config::settings::{Group, Kind, flag, setting, whole};

pub(super) const CHAT: Group = Group {
    title: "Conversations and chat",
    settings: &[
        whole(
            "HISTORY_LIMIT",
            "10",
            (0, 10_000),
            "past messages sent to a model, within the token budget",
        )
        .live(),
        setting(
            "CONTEXT_TOKEN_BUDGET",
            Kind::WholeOr("auto", 256, 10_000_000),
            "auto",
            "tokens of one request; auto is the model's window less the answer's reserve",
        )
        .live(),
        whole(
            "ANSWER_RESERVE_TOKENS",
            "1024",
            (16, 1_000_000),
            "room left for the answer inside the model's window",
        )
        .live(),
        whole(
            "DEFAULT_CONTEXT_TOKENS",
            "4096",
            (256, 10_000_000),
            "window assumed for a model that does not say its own",
        )
        .live(),
        whole("MAX_MESSAGE_KB", "512", (1, 65_536), "size of one message").live(),
        whole(
            "MAX_NAME_CHARS",
            "200",
            (20, 2_000),
            "length of a title and of the name of a folder, tag or model",
        )
        .live(),
        whole("MAX_TAGS", "50", (1, 1_000), "tags of one conversation").live(),
        whole("MAX_ATTACHMENTS", "20", (1, 1_000), "files that one message may bring").live(),
        whole(
            "BULK_MAX",
            "200",
            (200, 10_000),
            "conversations or documents that one request may change together",
        )
        .live(),
        whole(
            "LIST_QUERY_MESSAGES",
            "2000",
            (1, 1_000_000),
            "newest messages with its words that a list's query looks at; bounds its time for \
                 common words",
        )
        .live(),
        whole("MAX_METADATA_KB", "64", (1, 1_024), "size of a conversation's metadata").live(),
        whole("MAX_NOTE_KB", "8", (1, 1_024), "size of one note").live(),
        whole("MAX_ANSWER_KB", "4096", (1, 65_536), "size at which an answer is ended").live(),
        whole(
            "MAX_TURNS",
            "64",
            (1, 10_000),
            "answers written at the same time; further questions are refused with 429",
        )
        .live(),
        whole("CHECKPOINT_MS", "500", (50, 1_000), "partial answers reach the disk this often")
            .live(),
        whole(
            "TURN_REPLAY_HOURS",
            "24",
            (1, 8_760),
            "the events of a finished answer can be replayed this long",
        )
        .live(),
        whole(
            "PROMPT_KEEP_DAYS",
            "7",
            (0, 3_650),
            "what was sent to the model for an answer can be looked at this long",
        )
        .live(),
        whole("TITLE_MAX_CHARS", "80", (10, 500), "length of a title that is made").live(),
        whole(
            "TITLE_TIMEOUT_MS",
            "30000",
            (100, 600_000),
            "time a model has to make a title before the question's own words are taken",
        )
        .live(),
        whole(
            "TEMPORARY_MAX_MESSAGES",
            "1000",
            (1, 100_000),
            "messages that a question of a temporary chat may bring along",
        )
        .live(),
        whole(
            "TEMPORARY_LINGER_SECONDS",
            "60",
            (1, 3_600),
            "a finished answer of a temporary chat can be read this long, from memory",
        )
        .live(),
    ],
};

pub(super) const MODELS: Group = Group {
    title: "Models",
    settings: &[
        whole(
            "API_TIMEOUT_MS",
            "30000",
            (10, 3_600_000),
            "wait for a model server to connect and send its first byte",
        )
        .presets("=", "=", "2000")
        .live(),
        whole(
            "STREAM_IDLE_TIMEOUT_MS",
            "120000",
            (10, 3_600_000),
            "silence inside an answer after which it is given up",
        )
        .presets("=", "=", "2000")
        .live(),
        whole(
            "MODELS_REFRESH_SECONDS",
            "60",
            (1, 86_400),
            "age at which lists of models are fetched again",
        )
        .live(),
        whole(
            "DISCOVERY_TIMEOUT_MS",
            "400",
            (10, 60_000),
            "wait for each usual local port when looking for model servers",
        )
        .live(),
        setting(
            "DISCOVERY_URLS",
            Kind::Servers,
            "ollama=11434,openai=1234,openai=8080,openai=8000",
            "ports or URLs where servers are looked for: Ollama, LM Studio, llama.cpp, vLLM",
        )
        .live(),
        whole(
            "MODEL_LINE_MAX_KB",
            "1024",
            (16, 65_536),
            "longest line of a streamed answer; one beyond it breaks the answer off",
        )
        .live(),
        whole(
            "MODEL_BODY_MAX_KB",
            "16384",
            (64, 1_048_576),
            "largest list of models, or answer in one piece",
        )
        .live(),
        setting(
            "OPENAI_API_KEY",
            Kind::Text,
            "",
            "key for OpenAI, when none is set on the settings page",
        )
        .secret()
        .bare(),
        setting(
            "ANTHROPIC_API_KEY",
            Kind::Text,
            "",
            "key for Anthropic, when none is set on the settings page",
        )
        .secret()
        .bare(),
    ],
};

pub(super) const RETRIES: Group = Group {
    title: "Retries and breakers",
    settings: &[
        whole("RETRY_ATTEMPTS", "3", (1, 20), "attempts in all to reach a model server").live(),
        whole(
            "RETRY_BASE_MS",
            "2000",
            (1, 600_000),
            "wait before the second attempt; it doubles each time",
        )
        .presets("500", "=", "10")
        .live(),
        whole("RETRY_MAX_MS", "10000", (1, 3_600_000), "longest wait between attempts").live(),
        flag(
            "RETRY_JITTER",
            "false",
            "shorten each wait at random, for many clients of one server",
        )
        .live(),
        whole("BREAKER_FAILURES", "5", (1, 1_000), "failures in a row that open a breaker")
            .presets("3", "10", "2")
            .live(),
        whole("BREAKER_SUCCESSES", "2", (1, 1_000), "successful probes that close it again")
            .presets("2", "3", "1")
            .live(),
        whole("BREAKER_OPEN_SECONDS", "60", (1, 86_400), "time it stays open")
            .presets("30", "120", "1")
            .live(),
        whole("BREAKER_HALF_OPEN_CALLS", "3", (1, 1_000), "probes at the same time after that")
            .live(),
    ],
};
