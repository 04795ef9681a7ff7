//! How long a client's things are kept: for ever, unless somebody says how long. What stands above is the least that holds
//! below: a client can keep its things longer, never shorter, so that nobody gets rid of evidence by a setting of their own.
//! `app.retention_longer` has the same rule.

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
    Retention { jobs: longest(chain, |said| said.jobs), logs: longest(chain, |said| said.logs) }
}

/// From the top down: whoever says more than those above lengthens it.
fn longest(chain: &[Said], of: impl Fn(&Said) -> Option<Option<u32>>) -> RetentionValue {
    let nobody = RetentionValue { days: None, level: Level::Default, client_id: None, client_name: None };
    chain.iter().enumerate().rev().fold(nobody, |above, (distance, said)| {
        let Some(days) = of(said).filter(|days| above.client_id.is_none() || !is_shorter(*days, above.days)) else {
            return above;
        };
        let level = match (distance, said.client_type) {
            (0, _) => Level::Client,
            (_, ClientType::Root) => Level::Root,
            _ => Level::Agency,
        };
        RetentionValue { days, level, client_id: Some(said.client), client_name: Some(said.name.clone()) }
    })
}

/// Whether something is kept for less long; without a number it is kept for ever.
const fn is_shorter(one: Option<u32>, other: Option<u32>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Checks what a client says against what stands above it, the nearest first.
///
/// # Errors
/// 422 for days that are fewer than those above say.
pub fn check_above(save: &SaveRetention, above: &[Said]) -> Result<(), ApiError> {
    let mut errors = FieldErrors::new();
    let least = resolve(above);
    for (field, said, least) in [("jobs_days", save.jobs_days, least.jobs), ("logs_days", save.logs_days, least.logs)] {
        let (Some(days), Some(name)) = (said, &least.client_name) else { continue };
        if is_shorter(days, least.days) {
            errors.push(
                field,
                match least.days {
                    Some(least) => format!("must be at least {least} days, as {name} says"),
                    None => format!("must be null: {name} keeps them for ever"),
                },
            );
        }
    }
    errors.into_result()
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
    fn what_stands_above_is_the_least_that_holds() {
        let root = said(ClientType::Root, Some(Some(400)));
        let of = |customer, agency, root: &Said| {
            let chain = [said(ClientType::Customer, customer), said(ClientType::Agency, agency), root.clone()];
            let holds = resolve(&chain);
            assert_eq!((holds.logs.days, holds.logs.level), (None, Level::Default));
            (holds.jobs.days, holds.jobs.level)
        };
        assert_eq!(of(None, None, &root), (Some(400), Level::Root));
        assert_eq!(of(None, Some(None), &root), (None, Level::Agency));
        assert_eq!(of(Some(Some(30)), None, &root), (Some(400), Level::Root), "it can't be undercut");
        assert_eq!(of(Some(Some(500)), None, &root), (Some(500), Level::Client));
        assert_eq!(of(Some(Some(30)), Some(None), &root), (None, Level::Agency), "for ever neither");
        let silent = said(ClientType::Root, None);
        assert_eq!(of(Some(Some(30)), None, &silent), (Some(30), Level::Client), "where nobody above says anything");
        assert_eq!(of(Some(Some(30)), Some(Some(90)), &silent), (Some(90), Level::Agency));
    }

    #[test]
    fn who_says_less_than_those_above_is_told_by_whom() {
        let above = [said(ClientType::Agency, Some(Some(90))), said(ClientType::Root, None)];
        let save = |days| SaveRetention { jobs_days: Some(days), logs_days: Some(Some(1)) };
        let refused = check_above(&save(Some(89)), &above).unwrap_err();
        assert_eq!(refused.details().len(), 1, "of logs nobody says anything");
        assert_eq!(refused.details()[0].message, "must be at least 90 days, as agency says");
        assert!(check_above(&save(Some(90)), &above).is_ok() && check_above(&save(None), &above).is_ok());
        let ever = [said(ClientType::Agency, Some(None))];
        assert!(check_above(&save(Some(3650)), &ever).is_err() && check_above(&save(None), &ever).is_ok());
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
