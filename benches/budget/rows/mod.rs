//! The rows, by the names that the bench's filter takes.

mod bus;
mod embedding;
mod growth;
mod library;
mod lists;
mod page;
mod searching;
mod serving;
mod signing_in;
mod starting;
mod streaming;
mod writing;

use crate::figure::Row;

/// A row's name and what measures it.
type Entry = (&'static str, fn() -> Vec<Row>);

/// All rows, in the order of the table.
pub const ALL: [Entry; 26] = [
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
    ("credentials", signing_in::credentials),
    ("crowd", signing_in::crowd),
    ("writes", writing::durable),
    ("growth", growth::growth),
    ("bus-durable", bus::durable),
    ("bus-fan-out", bus::fan_out),
    ("bus-sockets", bus::sockets),
    ("bus-resume", bus::resume),
];
