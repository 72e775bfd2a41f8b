//! The table of settings, in the order of `config.sh`. Text here is all there is: checks, the file,
//! the documentation and the settings page are made from it. A new number that shapes behaviour is
//! a new row here and nowhere else.

mod agents;
mod library;
mod serving;
mod talk;

use super::settings::Group;

/// Every setting, grouped.
pub(super) const GROUPS: &[Group] = &[
    serving::ADDRESS,
    serving::SIGN_IN,
    talk::CHAT,
    talk::MODELS,
    library::SEARCH,
    library::DOCUMENTS,
    library::EMBEDDINGS,
    talk::RETRIES,
    serving::CONNECTIONS,
    agents::BUS,
    agents::ROOMS,
    agents::CODE,
    serving::RATES,
    serving::CALLERS,
    agents::MACHINES,
    serving::LOGS,
    serving::BACKUPS,
    serving::SIZES,
    serving::DATABASE,
    serving::OUTBOUND,
    serving::START,
];
