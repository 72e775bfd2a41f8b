//! Settings of what is found: search and memory, documents, embeddings.

use crate::config::settings::{Group, Kind, flag, setting, whole};

pub(super) const SEARCH: Group = Group {
    title: "Documents, memory and search",
    settings: &[
        whole("RAG_MAX_DOCUMENT_RESULTS", "10", (0, 100), "passages per question").live(),
        whole(
            "RAG_MAX_MEMORY_RESULTS",
            "3",
            (0, 100),
            "passages of past conversations per question",
        )
        .live(),
        whole("CHUNK_TOKENS", "220", (16, 8_192), "length of a passage").live(),
        whole("CHUNK_OVERLAP_TOKENS", "30", (0, 4_096), "tokens that neighbouring passages share")
            .live(),
        whole("MAX_UPLOAD_MB", "100", (1, 10_240), "size of one document")
            .presets("=", "=", "5")
            .live(),
        whole("MAX_UPLOAD_FILES", "200", (1, 10_000), "documents that one upload may bring").live(),
        whole(
            "SEARCH_CANDIDATES",
            "2000",
            (50, 100_000),
            "hits that a search ranks; bounds its time for common words",
        )
        .live(),
        whole(
            "SEARCH_FUSION_K",
            "10",
            (1, 1_000),
            "how slowly a place lower down loses weight where words and meaning are fused",
        )
        .live(),
        setting(
            "SEARCH_WORDS_WEIGHT",
            Kind::Decimal(0.0, 10.0),
            "1.0",
            "how much words count where passages are looked for; 0 leaves it to meaning",
        )
        .live(),
        setting(
            "SEARCH_MEANING_WEIGHT",
            Kind::Decimal(0.0, 10.0),
            "1.0",
            "how much meaning counts there; 0 leaves it to words",
        )
        .live(),
        whole(
            "RERANK_CANDIDATES",
            "30",
            (2, 200),
            "passages that a re-ranker is shown, where one was chosen",
        )
        .live(),
        whole(
            "RERANK_TIMEOUT_SECONDS",
            "10",
            (1, 300),
            "passages keep the ranks that they had when a re-ranker takes longer",
        )
        .live(),
        setting(
            "MEANING_MIN_SIMILARITY",
            Kind::Decimal(0.0, 1.0),
            "0.15",
            "cosine below which nothing counts as meaning the same",
        )
        .live(),
        whole(
            "DOCUMENTS_PERCENT",
            "50",
            (0, 90),
            "share of the prompt that documents and passages may fill",
        )
        .live(),
        whole(
            "NOTES_MAX_TOKENS",
            "800",
            (0, 100_000),
            "tokens of notes that a prompt brings along, the newest first",
        )
        .live(),
    ],
};

pub(super) const DOCUMENTS: Group = Group {
    title: "Reading documents",
    settings: &[
        whole("DOCUMENT_WORKERS", "2", (1, 64), "documents that are read at the same time").live(),
        whole(
            "EXTRACT_TIMEOUT_SECONDS",
            "30",
            (1, 3_600),
            "time that reading one document may take",
        )
        .live(),
        whole(
            "EXTRACT_MEMORY_MB",
            "768",
            (64, 65_536),
            "memory that reading one document may take",
        )
        .live(),
        whole("EXTRACT_TEXT_MB", "512", (1, 10_240), "size of the text of one document").live(),
        whole("EXTRACT_UNPACKED_MB", "512", (1, 102_400), "size of what one document unpacks to")
            .live(),
        whole(
            "EXTRACT_UNPACKED_RATIO",
            "300",
            (10, 100_000),
            "times its size that a large part of a document may unpack to",
        )
        .live(),
        whole(
            "EXTRACT_ITEM_MB",
            "16",
            (1, 1_024),
            "size of one record or element that must be held at once",
        )
        .live(),
        whole(
            "EXTRACT_LOADED_MB",
            "128",
            (1, 4_096),
            "size of a PDF or e-mail, which are read whole",
        )
        .live(),
        whole("EXTRACT_ENTRIES", "20000", (16, 1_000_000), "files inside one document").live(),
        whole("EXTRACT_DEPTH", "500", (8, 10_000), "levels of nesting inside one document").live(),
        whole("EXTRACT_PAGES", "20000", (1, 1_000_000), "pages of one document").live(),
        whole(
            "TEXT_WINDOW_CHARS",
            "60000",
            (1_000, 10_000_000),
            "characters of a document's text that one answer gives",
        )
        .live(),
        whole(
            "DOCUMENT_RETRY_SECONDS",
            "30",
            (1, 86_400),
            "wait before a document that could not be kept is tried again",
        )
        .presets("=", "=", "1")
        .live(),
        whole(
            "FOLDER_SCAN_MINUTES",
            "10",
            (1, 10_080),
            "a watched folder is looked through again after this, events or not",
        )
        .live(),
        whole("MAX_WATCHED_FOLDERS", "100", (1, 10_000), "folders that one person may watch")
            .live(),
        whole(
            "FOLDER_MAX_FILES",
            "20000",
            (1, 1_000_000),
            "files of one watched folder that are taken in",
        )
        .live(),
        whole(
            "FETCH_TIMEOUT_SECONDS",
            "30",
            (1, 3_600),
            "time that fetching a document by its URL may take",
        )
        .live(),
        whole("FETCH_MAX_REDIRECTS", "5", (0, 50), "redirects that are followed there").live(),
    ],
};

pub(super) const EMBEDDINGS: Group = Group {
    title: "Search by meaning",
    settings: &[
        flag("ENABLE_EMBEDDINGS", "true", "find by meaning as well as by words").live(),
        setting(
            "EMBED_THREADS",
            Kind::WholeOr("auto", 1, 256),
            "auto",
            "threads of the built-in embedding model; auto is half of the processors",
        )
        .live(),
        whole("EMBED_BATCH", "16", (1, 1_024), "texts that are embedded together").live(),
        whole(
            "EMBED_IDLE_SECONDS",
            "300",
            (1, 86_400),
            "model and index leave the memory after this",
        )
        .presets("=", "=", "2")
        .live(),
        whole(
            "EMBED_RETRY_SECONDS",
            "60",
            (1, 86_400),
            "wait before a provider's embedding model that failed is tried again",
        )
        .presets("=", "=", "1")
        .live(),
        whole(
            "VECTOR_CANDIDATES",
            "200",
            (10, 100_000),
            "vectors that are compared exactly, of those that are alike at a glance",
        )
        .live(),
    ],
};
