//! The form of an API key: what was typed, what it asks for, and what of a key that is there it changes.

use hg_contracts::cpm::{ApiKeyInfo, ApiKeyOrigin, CreateApiKey, UpdateApiKey};

use super::{KeyForm, ScopeChoice};
use crate::pages::{
    forms::OwnField,
    parts::FieldProblem,
    typed::{amount, dollars, end_of_day, given, last_day, number},
};

/// What a key may do, in words, as the form offers it.
const SCOPES: [(&str, &str); 4] = [
    ("generate", "ask for content"),
    ("jobs:read", "see jobs and texts"),
    ("jobs:write", "stop, retry, edit and approve"),
    ("usage:read", "see usage and costs"),
];

/// A key's form as it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: String,
    pub(super) requests: String,
    pub(super) jobs: String,
    pub(super) daily: String,
    pub(super) monthly: String,
}

impl Typed {
    /// A form's pairs: a tick box is sent by its name.
    pub(super) fn of(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            let value = value.trim().to_owned();
            match name.as_str() {
                "name" => typed.name = value,
                "scope" => typed.scopes.push(value),
                "expires" => typed.expires = value,
                "requests" => typed.requests = value,
                "jobs" => typed.jobs = value,
                "daily" => typed.daily = value,
                "monthly" => typed.monthly = value,
                _ => {}
            }
        }
        typed
    }

    /// What is asked for, or what can't be asked for. Ranges are CPM's to judge.
    pub(super) fn wanted(&self) -> Result<CreateApiKey, Vec<FieldProblem>> {
        let mut errors = Vec::new();
        let wanted = CreateApiKey {
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            expires_at: given(&self.expires, &mut errors, "expires", "Give a day, such as 2027-03-31.", end_of_day),
            requests_per_minute: given(&self.requests, &mut errors, "requests", "Give a whole number.", number),
            jobs_per_day: given(&self.jobs, &mut errors, "jobs", "Give a whole number.", number),
            daily_limit_usd: given(&self.daily, &mut errors, "daily", "Give dollars, such as 2.50.", dollars),
            monthly_limit_usd: given(&self.monthly, &mut errors, "monthly", "Give dollars, such as 50.", dollars),
        };
        if self.name.is_empty() {
            errors.insert(0, FieldProblem::new("name", "Give it a name: whose key is it?"));
        }
        if self.scopes.is_empty() {
            errors.push(FieldProblem::new("scopes", "Tick what the key may do."));
        }
        if errors.is_empty() { Ok(wanted) } else { Err(errors) }
    }

    /// What a key says now.
    pub(super) fn from_key(key: &ApiKeyInfo) -> Self {
        let count = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        Self {
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            expires: key.expires_at.map(last_day).unwrap_or_default(),
            requests: count(key.requests_per_minute),
            jobs: count(key.jobs_per_day),
            daily: key.daily_limit_usd.map(amount).unwrap_or_default(),
            monthly: key.monthly_limit_usd.map(amount).unwrap_or_default(),
        }
    }

    /// What it changes of a key; none where that is nothing. What stays isn't named, so that it stays whoever else changes it.
    pub(super) fn change(&self, key: &ApiKeyInfo) -> Result<Option<UpdateApiKey>, Vec<FieldProblem>> {
        let wanted = self.wanted()?;
        let before = Self::from_key(key);
        let count = |limit: Option<u32>| limit.map(i64::from);
        let mut scopes = (self.scopes.clone(), before.scopes);
        scopes.0.sort();
        scopes.1.sort();
        let mut change = UpdateApiKey {
            scopes: (scopes.0 != scopes.1).then_some(wanted.scopes),
            requests_per_minute: other(wanted.requests_per_minute, count(key.requests_per_minute)),
            jobs_per_day: other(wanted.jobs_per_day, count(key.jobs_per_day)),
            daily_limit_usd: other(wanted.daily_limit_usd, key.daily_limit_usd),
            monthly_limit_usd: other(wanted.monthly_limit_usd, key.monthly_limit_usd),
            ..UpdateApiKey::default()
        };
        if key.origin == ApiKeyOrigin::Made {
            change.name = (self.name != key.name).then_some(wanted.name);
            // A key may end in the middle of a day; the same day is no other end.
            change.expires_at = (self.expires != before.expires).then_some(wanted.expires_at);
        }
        let changes = serde_json::to_value(&change).is_ok_and(|it| it.as_object().is_some_and(|it| !it.is_empty()));
        Ok(changes.then_some(change))
    }

    /// The form with this in it.
    pub(super) fn shown(self, action: String) -> KeyForm {
        let scopes = SCOPES
            .into_iter()
            .map(|(value, label)| {
                let checked = self.scopes.iter().any(|scope| scope == value);
                ScopeChoice { value: value.into(), label: label.into(), checked }
            })
            .collect();
        KeyForm {
            action,
            name: self.name,
            scopes,
            expires: self.expires,
            requests: self.requests,
            jobs: self.jobs,
            daily: self.daily,
            monthly: self.monthly,
            is_operators: false,
        }
    }

    /// What is offered where nothing was typed yet.
    pub(super) fn fresh() -> Self {
        Self { scopes: vec!["generate".to_owned(), "jobs:read".to_owned()], ..Self::default() }
    }

    /// Whether nothing was typed.
    pub(super) fn is_blank(&self) -> bool {
        self.name.is_empty() && self.scopes.is_empty()
    }
}

/// What is wanted, where it isn't what is.
fn other<T: Copy + PartialEq>(wanted: Option<T>, now: Option<T>) -> Option<Option<T>> {
    (wanted != now).then_some(wanted)
}

/// The form's field for one of the request's.
pub(super) fn own_field(name: &str) -> Option<OwnField> {
    match name {
        "name" => Some(OwnField::new("name", "The name")),
        "expires_at" => Some(OwnField::new("expires", "The last day")),
        "requests_per_minute" => Some(OwnField::new("requests", "The requests")),
        "jobs_per_day" => Some(OwnField::new("jobs", "The jobs")),
        "daily_limit_usd" => Some(OwnField::new("daily", "The daily limit")),
        "monthly_limit_usd" => Some(OwnField::new("monthly", "The monthly limit")),
        name if name.starts_with("scopes") => Some(OwnField::new("scopes", "What it may do")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        Typed::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_form_is_a_request_or_says_what_is_wrong() {
        let good = typed(&[
            ("name", " Shop "),
            ("scope", "generate"),
            ("scope", "jobs:read"),
            ("expires", "2027-03-31"),
            ("daily", "$2.50"),
        ]);
        let wanted = good.wanted().unwrap();
        assert_eq!((wanted.name.as_str(), wanted.scopes.len(), wanted.jobs_per_day), ("Shop", 2, None));
        assert_eq!(wanted.expires_at.unwrap().to_rfc3339(), "2027-04-01T00:00:00+00:00");
        assert_eq!(wanted.daily_limit_usd.unwrap().to_string(), "2.500000000");
        let bad = typed(&[("expires", "soon"), ("requests", "many"), ("daily", "free")]).wanted().unwrap_err();
        let fields: Vec<_> = bad.iter().map(|problem| problem.field.as_ref()).collect();
        assert_eq!(fields, ["name", "expires", "requests", "daily", "scopes"]);
    }

    #[test]
    fn only_what_was_changed_is_named() {
        let mut key: ApiKeyInfo = serde_json::from_value(serde_json::json!({
            "id": "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11", "client_id": "0191d0a0-0000-7000-8000-000000000001", "name": "Shop",
            "prefix": "hgc_012345", "origin": "made", "scopes": ["jobs:read", "generate"], "state": "active",
            "requests_per_minute": 60, "jobs_per_day": null, "daily_limit_usd": "5.000000000", "monthly_limit_usd": null, "used": null,
            "created_at": "2026-11-01T09:00:00Z", "created_by": null, "last_used_at": null, "expires_at": "2027-03-31T12:00:00Z",
            "rotated_at": null, "rotated_by": null, "old_secret": null, "revoked_at": null, "revoked_by": null,
        }))
        .unwrap();
        let as_is = Typed::from_key(&key);
        assert_eq!((as_is.expires.as_str(), as_is.daily.as_str()), ("2027-03-31", "5.00"));
        assert!(as_is.change(&key).unwrap().is_none());
        let changed = Typed {
            requests: String::new(),
            jobs: "200".into(),
            daily: "5".into(),
            name: "Web".into(),
            ..as_is.clone()
        };
        let change = changed.change(&key).unwrap().unwrap();
        assert_eq!(
            serde_json::to_value(&change).unwrap(),
            serde_json::json!({"name": "Web", "requests_per_minute": null, "jobs_per_day": 200})
        );
        key.origin = ApiKeyOrigin::Environment;
        let change = changed.change(&key).unwrap().unwrap();
        assert_eq!(change.name, None, "the operator names it");
        assert_eq!(Typed { scopes: Vec::new(), ..as_is }.change(&key).unwrap_err()[0].field, "scopes");
    }
}
