//! The table of settings, in the order of `config.sh`. Text here is all there is: checks, the file,
//! the documentation and the settings page are made from it. A new number that shapes behaviour is
//! a new row here and nowhere else.

mod agents;
mod library;
mod mcp;
mod serving;
mod talk;
mod tools;

use super::settings::Group;

/// Every setting, grouped.
pub(super) const GROUPS: &[Group] = &[
    serving::ADDRESS,
    serving::SIGN_IN,
    talk::CHAT,
    talk::MODELS,
    tools::TOOLS,
    library::SEARCH,
    library::DOCUMENTS,
    library::EMBEDDINGS,
    talk::RETRIES,
    serving::CONNECTIONS,
    agents::BUS,
    agents::WEBHOOKS,
    agents::ROOMS,
    agents::CODE,
    serving::RATES,
    serving::CALLERS,
    agents::MACHINES,
    mcp::MCP,
    serving::LOGS,
    serving::BACKUPS,
    serving::SIZES,
    serving::DATABASE,
    serving::OUTBOUND,
    serving::START,
];
