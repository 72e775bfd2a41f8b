//! The rows, by the names that the bench's filter takes.

mod embedding;
mod growth;
mod library;
mod lists;
mod page;
mod searching;
mod serving;
mod starting;
mod streaming;
mod writing;

use crate::figure::Row;

/// A row's name and what measures it.
type Entry = (&'static str, fn() -> Vec<Row>);

/// All rows, in the order of the table.
pub const ALL: [Entry; 20] = [
    ("size", page::size),
    ("start", starting::start),
    ("idle", starting::idle),
    ("list", lists::list),
    ("deep-list", lists::deep),
    ("open", lists::open),
    ("search-medium", searching::medium),
    ("search-large", searching::large),
    ("search-filtered", searching::filtered),
    ("typing", searching::typing),
    ("first-token", streaming::first_token),
    ("history", streaming::history),
    ("ceiling", streaming::ceiling),
    ("upload", library::upload),
    ("question", library::question),
    ("embedding", embedding::embedding),
    ("page", page::load),
    ("live", serving::live),
    ("writes", writing::durable),
    ("growth", growth::growth),
];
