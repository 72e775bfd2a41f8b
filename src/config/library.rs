//! The typed settings of the library: searching, taking in and reading documents, finding by meaning,
//! fetching what a URL leads to.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::resolved::Resolved;

/// Search.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Hits that a search ranks.
    pub candidates: usize,
    /// How slowly a place lower down loses weight where two rankings are fused.
    pub fusion_k: u32,
    /// Cosine below which nothing counts as meaning the same.
    pub min_similarity: f32,
    /// How much words count where passages are looked for.
    pub words_weight: f32,
    /// How much meaning counts there.
    pub meaning_weight: f32,
    /// Passages that a re-ranker is shown.
    pub rerank_candidates: usize,
    /// Passages keep their ranks when it takes longer.
    pub rerank_timeout: Duration,
}

/// Taking in and reading documents.
#[derive(Debug, Clone)]
pub struct Documents {
    /// Size of one.
    pub max_bytes: u64,
    /// Length of a passage, in tokens.
    pub chunk_tokens: usize,
    /// Tokens that neighbouring passages share.
    pub chunk_overlap_tokens: usize,
    /// Documents that are read at the same time.
    pub workers: usize,
    /// What reading one may cost.
    pub extraction: Extraction,
    /// Characters of a text that one answer gives.
    pub text_window_chars: u64,
    /// Wait before a document that could not be kept is tried again.
    pub retry_pause: Duration,
    /// A watched folder is looked through again after this.
    pub folder_scan: Duration,
    /// Files of one watched folder.
    pub folder_max_files: usize,
    /// Folders that one person may watch.
    pub max_folders: usize,
    /// Files of one upload.
    pub max_files: usize,
}

/// What reading one document may cost.
#[derive(Debug, Clone, Copy)]
pub struct Extraction {
    /// Time.
    pub timeout: Duration,
    /// Memory of the child process.
    pub memory_bytes: u64,
    /// Its text.
    pub text_bytes: u64,
    /// What it unpacks to.
    pub unpacked_bytes: u64,
    /// Times its size that a large part may unpack to.
    pub unpacked_ratio: u64,
    /// One record or element that must be held at once.
    pub item_bytes: u64,
    /// A file that can only be read whole.
    pub loaded_bytes: u64,
    /// Files inside it.
    pub entries: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Pages.
    pub pages: u32,
}

/// Finding by meaning.
#[derive(Debug, Clone, Copy)]
pub struct Embeddings {
    /// Whether it is on.
    pub enabled: bool,
    /// Threads of the built-in model.
    pub threads: NonZeroUsize,
    /// Texts that are embedded together.
    pub batch: usize,
    /// Model and index leave the memory after this.
    pub idle: Duration,
    /// Wait before a provider that failed is tried again.
    pub retry: Duration,
    /// Vectors that are compared exactly.
    pub candidates: usize,
}

/// Fetching what a person's URL leads to.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Time for everything.
    pub timeout: Duration,
    /// Redirects that are followed.
    pub max_redirects: u32,
    /// Hosts that may lead to this machine or to a private network.
    pub allowed_hosts: Vec<String>,
}

/// What is remembered of hosts that were contacted.
#[derive(Debug, Clone, Copy)]
pub struct Outbound {
    /// So many hosts.
    pub max_hosts: usize,
    /// Contacts are written down this often.
    pub pause: Duration,
}

pub(super) fn search(values: &Resolved) -> Search {
    Search {
        candidates: values.size("SEARCH_CANDIDATES"),
        fusion_k: values.count("SEARCH_FUSION_K"),
        min_similarity: values.decimal("MEANING_MIN_SIMILARITY"),
        words_weight: values.decimal("SEARCH_WORDS_WEIGHT"),
        meaning_weight: values.decimal("SEARCH_MEANING_WEIGHT"),
        rerank_candidates: values.size("RERANK_CANDIDATES"),
        rerank_timeout: values.seconds("RERANK_TIMEOUT_SECONDS"),
    }
}

pub(super) fn embeddings(values: &Resolved) -> Embeddings {
    Embeddings {
        enabled: values.flag("ENABLE_EMBEDDINGS"),
        threads: threads(values.optional("EMBED_THREADS")),
        batch: values.size("EMBED_BATCH"),
        idle: values.seconds("EMBED_IDLE_SECONDS"),
        retry: values.seconds("EMBED_RETRY_SECONDS"),
        candidates: values.size("VECTOR_CANDIDATES"),
    }
}

pub(super) fn outbound(values: &Resolved) -> Outbound {
    Outbound {
        max_hosts: values.size("OUTBOUND_MAX_HOSTS"),
        pause: values.seconds("OUTBOUND_KEEP_SECONDS"),
    }
}

pub(super) fn fetch(values: &Resolved) -> Fetch {
    Fetch {
        timeout: values.seconds("FETCH_TIMEOUT_SECONDS"),
        max_redirects: values.count("FETCH_MAX_REDIRECTS"),
        allowed_hosts: values.list("ALLOWED_FETCH_HOSTS"),
    }
}

pub(super) fn documents(values: &Resolved) -> Documents {
    Documents {
        max_bytes: values.mib("MAX_UPLOAD_MB"),
        chunk_tokens: values.size("CHUNK_TOKENS"),
        chunk_overlap_tokens: values.size("CHUNK_OVERLAP_TOKENS"),
        workers: values.size("DOCUMENT_WORKERS"),
        extraction: Extraction {
            timeout: values.seconds("EXTRACT_TIMEOUT_SECONDS"),
            memory_bytes: values.mib("EXTRACT_MEMORY_MB"),
            text_bytes: values.mib("EXTRACT_TEXT_MB"),
            unpacked_bytes: values.mib("EXTRACT_UNPACKED_MB"),
            unpacked_ratio: values.whole("EXTRACT_UNPACKED_RATIO"),
            item_bytes: values.mib("EXTRACT_ITEM_MB"),
            loaded_bytes: values.mib("EXTRACT_LOADED_MB"),
            entries: values.size("EXTRACT_ENTRIES"),
            depth: values.size("EXTRACT_DEPTH"),
            pages: values.count("EXTRACT_PAGES"),
        },
        text_window_chars: values.whole("TEXT_WINDOW_CHARS"),
        retry_pause: values.seconds("DOCUMENT_RETRY_SECONDS"),
        folder_scan: 60 * values.seconds("FOLDER_SCAN_MINUTES"),
        folder_max_files: values.size("FOLDER_MAX_FILES"),
        max_folders: values.size("MAX_WATCHED_FOLDERS"),
        max_files: values.size("MAX_UPLOAD_FILES"),
    }
}

/// Half of the processors, so that a chat beside it stays quick, unless the file says otherwise.
fn threads(chosen: Option<u64>) -> NonZeroUsize {
    let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let wanted = chosen.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    NonZeroUsize::new(wanted.unwrap_or_else(|| processors() / 2)).unwrap_or(NonZeroUsize::MIN)
}
