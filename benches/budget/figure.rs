//! Figures and the table they end in. A time is the median over the runs of what one run measured, so
//! that one bad moment of the machine does not decide it.

use std::time::Duration;

/// Runs behind every figure.
pub const RUNS: usize = 5;

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// What it took.
    pub ours: String,
    /// What the yardstick took in the same run.
    pub yardstick: String,
    /// One over the other.
    pub ratio: String,
    /// What it may take.
    pub budget: &'static str,
    /// Whether that was kept; `None` when the budget is not ours to judge here.
    pub met: Option<bool>,
}

impl Row {
    /// A figure with nothing to hold it against.
    pub fn new(work: impl Into<String>, ours: impl Into<String>) -> Self {
        Self {
            work: work.into(),
            ours: ours.into(),
            yardstick: String::new(),
            ratio: String::new(),
            budget: "",
            met: None,
        }
    }

    /// What the yardstick took, and the ratio of the two.
    #[must_use]
    pub fn against(mut self, yardstick: impl Into<String>, ratio: f64) -> Self {
        self.yardstick = yardstick.into();
        self.ratio = if ratio >= 100.0 { format!("{ratio:.0}") } else { format!("{ratio:.2}") };
        self
    }

    /// What it may take, and whether that was kept.
    #[must_use]
    pub fn within(mut self, budget: &'static str, met: bool) -> Self {
        self.budget = budget;
        self.met = Some(met);
        self
    }
}

/// What one run of a load measured.
#[derive(Debug)]
pub struct Run {
    sorted: Vec<Duration>,
    elapsed: Duration,
}

impl Run {
    /// A run of these single times that took so long in all.
    pub fn new(mut times: Vec<Duration>, elapsed: Duration) -> Self {
        assert!(!times.is_empty(), "nothing was measured");
        times.sort_unstable();
        Self { sorted: times, elapsed }
    }

    /// Does something so many times, one after the other.
    pub fn of(times: usize, mut work: impl FnMut(usize)) -> Self {
        let began = std::time::Instant::now();
        let taken = (0..times).map(|n| {
            let began = std::time::Instant::now();
            work(n);
            began.elapsed()
        });
        let taken = taken.collect();
        Self::new(taken, began.elapsed())
    }

    /// The time that so many of a hundred stay under.
    pub fn percentile(&self, percent: usize) -> Duration {
        self.sorted[(self.sorted.len() * percent / 100).min(self.sorted.len() - 1)]
    }

    /// How many were done in a second.
    pub fn rate(&self) -> f64 {
        self.sorted.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The runs behind a figure.
#[derive(Debug, Default)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// Adds a run.
    pub fn add(&mut self, run: Run) {
        self.0.push(run);
    }

    /// Whether there are any.
    pub fn is_measured(&self) -> bool {
        !self.0.is_empty()
    }

    /// The median over the runs of a percentile, in milliseconds.
    pub fn ms(&self, percent: usize) -> f64 {
        median(self.0.iter().map(|run| ms(run.percentile(percent))))
    }

    /// The median over the runs of what was done in a second.
    pub fn rate(&self) -> f64 {
        median(self.0.iter().map(Run::rate))
    }
}

/// The middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A duration in milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Milliseconds for a person.
pub fn shown_ms(ms: f64) -> String {
    match ms {
        ms if ms < 0.1 => format!("{:.0} µs", ms * 1000.0),
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

/// A count in a second for a person: `12 300/s`.
pub fn shown_rate(rate: f64) -> String {
    format!("{}/s", grouped(rate))
}

/// A number with a space between thousands.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// Megabytes (of a million bytes) for a person.
pub fn shown_mb(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Where and when, for the line above the table.
pub fn circumstances() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = read("/proc/meminfo");
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kb: f64 = memory
        .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default();
    format!(
        "{}: {} cores of {}, {:.0} GB of memory, Linux {}; medians of {RUNS} runs.",
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
        std::thread::available_parallelism().map_or(1, usize::from),
        cpu.map_or("an unnamed processor", |(_, name)| name),
        kb / 1e6,
        read("/proc/sys/kernel/osrelease").split('-').next().unwrap_or_default().trim(),
    )
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| work | ours | yardstick | ratio | budget | |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for row in rows {
        let met = row.met.map_or("", |met| if met { "kept" } else { "**missed**" });
        let Row { work, ours, yardstick, ratio, budget, .. } = row;
        text.push_str(&format!("| {work} | {ours} | {yardstick} | {ratio} | {budget} | {met} |\n"));
    }
    text
}
