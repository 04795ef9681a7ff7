//! What may be asked of API keys and of stored provider keys. Rules alone: nothing here knows a table or a secret that is stored.

use chrono::{DateTime, Utc};
use hg_common::{
    auth::ApiScope,
    http::{ApiError, FieldErrors},
};
use hg_contracts::cpm::{CreateApiKey, StoreProviderKey, UpdateApiKey};
use hg_llm::Registry;
use hg_types::{Provider, Usd, UserId};

/// Living keys that a client may have at once.
pub const MOST_API_KEYS: i64 = 50;
/// Stored provider keys that a client may have.
pub const MOST_PROVIDER_KEYS: i64 = 50;
/// The old secret goes on for so long where nobody says how long.
pub const OVERLAP: i64 = 24 * 3600;
const LONGEST_OVERLAP: i64 = 30 * 24 * 3600;
const LONGEST_NAME: usize = 200;
const LONGEST_PROVIDER_KEY_NAME: usize = 100;
const MOST_REQUESTS: i32 = 100_000;
const MOST_JOBS: i32 = 1_000_000;
/// NUMERIC(18,9) holds no more.
const MOST_USD: i64 = 999_999_999;

/// A key as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedApiKey {
    /// What people call it.
    pub name: String,
    /// What it may do, each once, in one order.
    pub scopes: Vec<ApiScope>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Requests per minute.
    pub requests_per_minute: Option<i32>,
    /// Jobs per day.
    pub jobs_per_day: Option<i32>,
    /// Money per day.
    pub daily_limit: Option<Usd>,
    /// Money per month.
    pub monthly_limit: Option<Usd>,
}

/// What bounds a key, and when that is asked.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The time.
    pub now: DateTime<Utc>,
    /// The operator's requests per minute and caller (`RATE_LIMIT_PER_MINUTE`), where there is such a limit.
    pub requests_per_minute: Option<u32>,
}

impl Bounds {
    fn requests(&self, errors: &mut FieldErrors, wanted: Option<i64>) -> Option<i32> {
        let operators = self.requests_per_minute.and_then(|most| i32::try_from(most).ok());
        let field = "requests_per_minute";
        match operators.filter(|most| *most < MOST_REQUESTS) {
            None => count(errors, field, wanted, MOST_REQUESTS),
            Some(most) => {
                let number =
                    wanted.map(|number| i32::try_from(number).ok().filter(|number| (1..=most).contains(number)));
                errors.check(
                    number != Some(None),
                    field,
                    format!("must be 1 to {most}, which every caller may make here; left out, it is {most}"),
                );
                number.flatten()
            }
        }
    }
}

/// Judges a new key: every field at once.
///
/// # Errors
/// 422 with an entry for each field that can't be accepted.
pub fn new_api_key(wanted: &CreateApiKey, bounds: &Bounds) -> Result<WantedApiKey, ApiError> {
    let mut errors = FieldErrors::new();
    let key = WantedApiKey {
        name: name(&mut errors, &wanted.name),
        scopes: scopes(&mut errors, &wanted.scopes),
        expires_at: end(&mut errors, wanted.expires_at, bounds.now),
        requests_per_minute: bounds.requests(&mut errors, wanted.requests_per_minute),
        jobs_per_day: count(&mut errors, "jobs_per_day", wanted.jobs_per_day, MOST_JOBS),
        daily_limit: money(&mut errors, "daily_limit_usd", wanted.daily_limit_usd),
        monthly_limit: money(&mut errors, "monthly_limit_usd", wanted.monthly_limit_usd),
    };
    errors.into_result()?;
    Ok(key)
}

/// Judges a change of a key; what isn't named stays as it is.
///
/// # Errors
/// 422 with an entry for each field that can't be accepted.
pub fn changed_api_key(before: WantedApiKey, change: &UpdateApiKey, bounds: &Bounds) -> Result<WantedApiKey, ApiError> {
    let mut errors = FieldErrors::new();
    let mut key = before;
    if let Some(wanted) = &change.name {
        key.name = name(&mut errors, wanted);
    }
    if let Some(wanted) = &change.scopes {
        key.scopes = scopes(&mut errors, wanted);
    }
    if let Some(wanted) = change.expires_at {
        key.expires_at = end(&mut errors, wanted, bounds.now);
    }
    if let Some(wanted) = change.requests_per_minute {
        key.requests_per_minute = bounds.requests(&mut errors, wanted);
    }
    if let Some(wanted) = change.jobs_per_day {
        key.jobs_per_day = count(&mut errors, "jobs_per_day", wanted, MOST_JOBS);
    }
    if let Some(wanted) = change.daily_limit_usd {
        key.daily_limit = money(&mut errors, "daily_limit_usd", wanted);
    }
    if let Some(wanted) = change.monthly_limit_usd {
        key.monthly_limit = money(&mut errors, "monthly_limit_usd", wanted);
    }
    errors.into_result()?;
    Ok(key)
}

/// For how many seconds an old secret goes on.
///
/// # Errors
/// 422 naming the field.
pub fn overlap(wanted: Option<i64>) -> Result<i32, ApiError> {
    let seconds = wanted.unwrap_or(OVERLAP);
    i32::try_from(seconds).ok().filter(|_| (0..=LONGEST_OVERLAP).contains(&seconds)).ok_or_else(|| {
        ApiError::field("overlap_seconds", format!("must be 0 (the old secret ends at once) to {LONGEST_OVERLAP}"))
    })
}

/// A provider key as it shall be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedProviderKey {
    /// At which provider.
    pub provider: Provider,
    /// What people call it.
    pub name: String,
    /// The person who alone may use it.
    pub user: Option<UserId>,
    /// Its last characters, for people.
    pub hint: String,
}

/// Judges a provider key that `me` wants to store.
///
/// # Errors
/// 422 with an entry for each field that can't be accepted; none quotes the key.
pub fn new_provider_key(wanted: &StoreProviderKey, me: UserId) -> Result<WantedProviderKey, ApiError> {
    let mut errors = FieldErrors::new();
    let provider = wanted.provider.parse::<Provider>().ok().filter(|provider| {
        // The sample needs no key.
        *provider != Provider::Sample && Registry::is_supported(*provider)
    });
    if provider.is_none() {
        errors.push("provider", format!("must be one of {}", providers_with_keys()));
    }
    let key = wanted.key.trim();
    errors.check(
        (8..=512).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()),
        "key",
        "must have 8 to 512 visible ASCII characters",
    );
    errors.check(
        wanted.user_id.is_none_or(|user| user == me),
        "user_id",
        "must be your own: nobody stores a key in another's name",
    );
    let name = provider_key_name(&mut errors, wanted.name.as_deref().unwrap_or_default());
    errors.into_result()?;
    let provider = provider.ok_or_else(|| ApiError::not_found("provider"))?;
    Ok(WantedProviderKey { provider, name, user: wanted.user_id, hint: hint(key) })
}

/// Judges another name of a stored provider key.
///
/// # Errors
/// 422 naming the field.
pub fn renamed_provider_key(wanted: &str) -> Result<String, ApiError> {
    let mut errors = FieldErrors::new();
    let name = provider_key_name(&mut errors, wanted);
    errors.into_result()?;
    Ok(name)
}

fn providers_with_keys() -> String {
    let takes_keys = |provider: &&Provider| **provider != Provider::Sample && Registry::is_supported(**provider);
    Provider::ALL.iter().filter(takes_keys).map(|provider| provider.as_str()).collect::<Vec<_>>().join(", ")
}

/// The end of a key by which people tell it from others: no more than a quarter of it.
fn hint(key: &str) -> String {
    let shown = (key.len() / 4).min(4);
    format!("…{}", key.get(key.len() - shown..).unwrap_or_default())
}

fn name(errors: &mut FieldErrors, wanted: &str) -> String {
    let name = wanted.trim();
    errors.check(
        (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control),
        "name",
        format!("must have 1 to {LONGEST_NAME} characters, none of them a control character"),
    );
    name.to_owned()
}

fn provider_key_name(errors: &mut FieldErrors, wanted: &str) -> String {
    let name = wanted.trim();
    errors.check(
        name.chars().count() <= LONGEST_PROVIDER_KEY_NAME && !name.chars().any(char::is_control),
        "name",
        format!("must have at most {LONGEST_PROVIDER_KEY_NAME} characters, none of them a control character"),
    );
    name.to_owned()
}

fn scopes(errors: &mut FieldErrors, wanted: &[String]) -> Vec<ApiScope> {
    let known = || ApiScope::ALL.map(ApiScope::as_str).join(", ");
    errors.check(!wanted.is_empty(), "scopes", format!("must name one or more of {}", known()));
    for (place, scope) in wanted.iter().enumerate().take(20) {
        errors.check(
            ApiScope::parse(scope).is_some(),
            format!("scopes[{place}]"),
            format!("must be one of {}", known()),
        );
    }
    errors.check(wanted.len() <= 20, "scopes", "must name each scope once");
    ApiScope::ALL.into_iter().filter(|scope| wanted.iter().any(|wanted| wanted == scope.as_str())).collect()
}

fn end(errors: &mut FieldErrors, wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let hundred_years = chrono::TimeDelta::days(36_525);
    errors.check(wanted.is_none_or(|end| end > now), "expires_at", "must be in the future");
    errors.check(
        wanted.is_none_or(|end| end - now < hundred_years),
        "expires_at",
        "must be within a hundred years; left out, the key doesn't end",
    );
    wanted
}

fn count(errors: &mut FieldErrors, field: &str, wanted: Option<i64>, most: i32) -> Option<i32> {
    let wanted = wanted?;
    let number = i32::try_from(wanted).ok().filter(|number| (1..=most).contains(number));
    errors.check(number.is_some(), field, format!("must be 1 to {most}"));
    number
}

fn money(errors: &mut FieldErrors, field: &str, wanted: Option<Usd>) -> Option<Usd> {
    let wanted = wanted?;
    let range = Usd::ZERO..=Usd::from_nanos(MOST_USD * 1_000_000_000);
    errors.check(range.contains(&wanted), field, format!("must be 0 to {MOST_USD} US dollars"));
    Some(wanted)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn fields(error: &ApiError) -> Vec<&str> {
        error.details().iter().map(|detail| detail.field.as_str()).collect()
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let now = Utc::now();
        let bounds = Bounds { now, requests_per_minute: None };
        let refused = new_api_key(
            &CreateApiKey {
                name: " ".to_owned(),
                scopes: vec!["generate".to_owned(), "everything".to_owned()],
                expires_at: Some(now),
                requests_per_minute: Some(0),
                jobs_per_day: Some(i64::MAX),
                daily_limit_usd: Some(Usd::from_nanos(-1)),
                monthly_limit_usd: Some(Usd::ZERO),
            },
            &bounds,
        )
        .unwrap_err();
        assert_eq!(
            fields(&refused),
            ["name", "scopes[1]", "expires_at", "requests_per_minute", "jobs_per_day", "daily_limit_usd"]
        );
        let nothing = CreateApiKey { name: "Shop".repeat(51), ..CreateApiKey::default() };
        assert_eq!(fields(&new_api_key(&nothing, &bounds).unwrap_err()), ["name", "scopes"]);
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let bounds = Bounds { now: Utc::now(), requests_per_minute: None };
        let create = CreateApiKey {
            name: "Shop".to_owned(),
            scopes: vec!["jobs:read".to_owned(), "generate".to_owned(), "generate".to_owned()],
            jobs_per_day: Some(10),
            ..CreateApiKey::default()
        };
        let before = new_api_key(&create, &bounds).unwrap();
        assert_eq!(before.scopes, [ApiScope::Generate, ApiScope::JobsRead]);
        let change: UpdateApiKey = serde_json::from_str(r#"{"jobs_per_day": null, "daily_limit_usd": "2.5"}"#).unwrap();
        let after = changed_api_key(before.clone(), &change, &bounds).unwrap();
        assert_eq!(after, WantedApiKey { jobs_per_day: None, daily_limit: Some("2.5".parse().unwrap()), ..before });
    }

    #[test]
    fn a_keys_own_number_of_requests_is_within_the_operators() {
        let bounds = Bounds { now: Utc::now(), requests_per_minute: Some(200) };
        let create = |requests_per_minute| CreateApiKey {
            name: "Shop".to_owned(),
            scopes: vec!["generate".to_owned()],
            requests_per_minute,
            ..CreateApiKey::default()
        };
        assert_eq!(new_api_key(&create(Some(200)), &bounds).unwrap().requests_per_minute, Some(200));
        assert_eq!(new_api_key(&create(None), &bounds).unwrap().requests_per_minute, None);
        for wrong in [0, 201, i64::MAX] {
            let refused = new_api_key(&create(Some(wrong)), &bounds).unwrap_err();
            assert_eq!(fields(&refused), ["requests_per_minute"]);
            assert!(refused.details()[0].message.starts_with("must be 1 to 200"), "{refused:?}");
        }
        // One that was made when the operator allowed more can be changed otherwise.
        let before = WantedApiKey { requests_per_minute: Some(900), ..new_api_key(&create(None), &bounds).unwrap() };
        let change: UpdateApiKey = serde_json::from_str(r#"{"jobs_per_day": 3}"#).unwrap();
        assert_eq!(changed_api_key(before, &change, &bounds).unwrap().requests_per_minute, Some(900));
    }

    #[test]
    fn an_overlap_is_bounded() {
        assert_eq!((overlap(None).unwrap(), overlap(Some(0)).unwrap()), (86_400, 0));
        for wrong in [-1, LONGEST_OVERLAP + 1, i64::MAX] {
            assert_eq!(fields(&overlap(Some(wrong)).unwrap_err()), ["overlap_seconds"]);
        }
    }

    #[test]
    fn a_provider_key_is_hinted_at_and_never_quoted() {
        let me = UserId(Uuid::from_u128(1));
        let wanted = |provider: &str, key: &str, user| StoreProviderKey {
            provider: provider.to_owned(),
            key: key.to_owned(),
            name: None,
            user_id: user,
        };
        let stored = new_provider_key(&wanted("openai", " sk-proj-0123456789abcdef ", None), me).unwrap();
        assert_eq!((stored.provider, stored.hint.as_str()), (Provider::OpenAi, "…cdef"));
        assert_eq!(hint("hunter22"), "…22");
        let refused = new_provider_key(&wanted("sample", "hunter2", Some(UserId(Uuid::from_u128(2)))), me).unwrap_err();
        assert_eq!(fields(&refused), ["provider", "key", "user_id"]);
        assert!(!format!("{refused:?}").contains("hunter2"));
        assert!(!format!("{:?}", wanted("openai", "hunter2", None)).contains("hunter2"));
    }
}
