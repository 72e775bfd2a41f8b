//! What a child gives up before it touches a file from outside: memory, time, disk, files, network.
//!
//! Everything is best effort, since kernels differ; what held is told in the answer. The two files it
//! needs are open already, so that no path has to stay allowed.

/// Signals by which the kernel ends a child.
pub(super) const KILLED: i32 = 9;
pub(super) const CPU_TIME: i32 = 24;
pub(super) const FILE_SIZE: i32 = 25;

#[cfg_attr(not(unix), expect(dead_code, reason = "the system sets no such limits"))]
pub(super) struct Limits {
    pub(super) memory_bytes: u64,
    pub(super) seconds: u64,
    pub(super) file_bytes: u64,
}

/// Confines this thread and those it starts; says how far that went.
pub(super) fn confine(limits: &Limits) -> String {
    [limit(limits), shut_in()].join(", ")
}

#[cfg(unix)]
fn limit(limits: &Limits) -> String {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};

    // first to go when memory is short
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let _ = nice(10);
    let hard = |max: u64| Rlimit { current: Some(max), maximum: Some(max) };
    // on Linux private memory counts, not reserved addresses, of which allocators take many
    #[cfg(target_os = "linux")]
    let memory = Resource::Data;
    #[cfg(not(target_os = "linux"))]
    let memory = Resource::As;
    let cpu = Rlimit { current: Some(limits.seconds), maximum: Some(limits.seconds + 1) };
    let set = [
        ("memory", setrlimit(memory, hard(limits.memory_bytes))),
        ("cpu", setrlimit(Resource::Cpu, cpu)),
        ("file size", setrlimit(Resource::Fsize, hard(limits.file_bytes))),
        ("core", setrlimit(Resource::Core, hard(0))),
    ];
    let failed: Vec<&str> = set.iter().filter(|(_, r)| r.is_err()).map(|(name, _)| *name).collect();
    if failed.is_empty() {
        "limits".to_owned()
    } else {
        format!("no limit of {}", failed.join(", "))
    }
}

#[cfg(not(unix))]
fn limit(_: &Limits) -> String {
    "no limits".to_owned()
}

/// No file, no connection, no other process, as far as this kernel knows Landlock.
#[cfg(target_os = "linux")]
fn shut_in() -> String {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};

    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V4)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    match restricted.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => "landlock".to_owned(),
        Ok(RulesetStatus::PartiallyEnforced) => "landlock in part".to_owned(),
        Ok(RulesetStatus::NotEnforced) => "no landlock".to_owned(),
        Err(error) => format!("no landlock ({error})"),
    }
}

#[cfg(not(target_os = "linux"))]
fn shut_in() -> String {
    "no landlock".to_owned()
}
