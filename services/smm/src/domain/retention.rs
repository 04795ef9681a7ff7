//! How long a client's things are kept: its own setting, else the nearest above, else for ever.

use hg_common::http::{ApiError, FieldErrors};
use hg_contracts::smm::{Level, Retention, RetentionValue, SaveRetention};
use hg_types::{ClientId, ClientType};

/// The longest that can be said: ten years. Whoever wants more says for ever.
const MOST_DAYS: u32 = 3650;

/// What one client of a chain says; `Some(None)`: for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// Its level.
    pub client_type: ClientType,
    /// About jobs.
    pub jobs: Option<Option<u32>>,
    /// About logs.
    pub logs: Option<Option<u32>>,
}

/// What holds, from what everybody says, the client itself first.
#[must_use]
pub fn resolve(chain: &[Said]) -> Retention {
    Retention { jobs: nearest(chain, |said| said.jobs), logs: nearest(chain, |said| said.logs) }
}

fn nearest(chain: &[Said], of: impl Fn(&Said) -> Option<Option<u32>>) -> RetentionValue {
    for (distance, said) in chain.iter().enumerate() {
        if let Some(days) = of(said) {
            let level = match (distance, said.client_type) {
                (0, _) => Level::Client,
                (_, ClientType::Root) => Level::Root,
                _ => Level::Agency,
            };
            return RetentionValue { days, level, client_id: Some(said.client), client_name: Some(said.name.clone()) };
        }
    }
    RetentionValue { days: None, level: Level::Default, client_id: None, client_name: None }
}

/// Checks what a client says.
///
/// # Errors
/// 422 for days out of their bounds.
pub fn check(save: &SaveRetention) -> Result<(), ApiError> {
    let mut errors = FieldErrors::new();
    for (field, value) in [("jobs_days", save.jobs_days), ("logs_days", save.logs_days)] {
        let fits = value.flatten().is_none_or(|days| (1..=MOST_DAYS).contains(&days));
        errors.check(fits, field, "must be 1 to 3650 days, or null for ever");
    }
    errors.into_result()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn said(client_type: ClientType, jobs: Option<Option<u32>>) -> Said {
        Said { client: ClientId(Uuid::nil()), name: client_type.to_string(), client_type, jobs, logs: None }
    }

    #[test]
    fn the_nearest_who_says_something_decides() {
        let root = said(ClientType::Root, Some(Some(400)));
        let holds = resolve(&[said(ClientType::Customer, None), said(ClientType::Agency, None), root.clone()]);
        assert_eq!((holds.jobs.days, holds.jobs.level), (Some(400), Level::Root));
        assert_eq!((holds.logs.days, holds.logs.level), (None, Level::Default));
        let holds = resolve(&[said(ClientType::Customer, None), said(ClientType::Agency, Some(None)), root]);
        assert_eq!((holds.jobs.days, holds.jobs.level), (None, Level::Agency));
    }

    #[test]
    fn days_have_bounds() {
        for days in [0, 3651] {
            let save = SaveRetention { jobs_days: Some(Some(days)), logs_days: None };
            assert!(check(&save).is_err(), "{days}");
        }
        assert!(check(&SaveRetention { jobs_days: Some(None), logs_days: Some(Some(1)) }).is_ok());
    }
}
