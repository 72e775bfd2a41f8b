//! How much anybody may ask for: requests in a minute, and connections that stay open.

pub mod descriptors;
mod rate;
mod slots;

pub use rate::{Class, Rate, Rates, Who};
pub use slots::{Full, Holder, Slot, Slots};
