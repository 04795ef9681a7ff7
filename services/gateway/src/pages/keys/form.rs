//! The form of an API key: what was typed, what it asks for, and what of a key that is there it changes.
//!
//! A form of a key says in hidden fields what it began with, so that what somebody else has changed meanwhile is neither undone nor
//! overwritten unseen.

use hg_contracts::cpm::{ApiKeyInfo, ApiKeyOrigin, CreateApiKey, UpdateApiKey};

use super::{Began, KeyForm, ScopeChoice};
use crate::pages::{
    forms::OwnField,
    parts::FieldProblem,
    typed::{amount, changed_meanwhile, dollars, end_of_day, given, last_day, number, same_dollars},
};

/// What a key may do, in words, as the form offers it.
const SCOPES: [(&str, &str); 4] = [
    ("generate", "ask for content"),
    ("jobs:read", "see jobs and texts"),
    ("jobs:write", "stop, retry, edit and approve"),
    ("usage:read", "see usage and costs"),
];

/// Before the name of a field, what the form began with in it.
const BEGAN: &str = "was_";

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

    /// What the form began with; none where it doesn't say.
    pub(super) fn began(pairs: &[(String, String)]) -> Option<Self> {
        let began = |(name, value): &(String, String)| Some((name.strip_prefix(BEGAN)?.to_owned(), value.clone()));
        let pairs: Vec<_> = pairs.iter().filter_map(began).collect();
        (!pairs.is_empty()).then(|| Self::of(pairs))
    }

    /// The hidden fields of a form that begins with this.
    pub(super) fn hidden(self) -> Vec<Began> {
        let fields = [
            ("name", self.name),
            ("expires", self.expires),
            ("requests", self.requests),
            ("jobs", self.jobs),
            ("daily", self.daily),
            ("monthly", self.monthly),
        ];
        let scopes = self.scopes.into_iter().map(|scope| ("scope", scope));
        fields.into_iter().chain(scopes).map(|(name, value)| Began { name: format!("{BEGAN}{name}"), value }).collect()
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

    /// What was typed, on top of what the key says now: what the form left as it began is as it is now. And where somebody else has
    /// changed what was changed here, too.
    pub(super) fn onto(mut self, began: &Self, key: &ApiKeyInfo) -> (Self, Vec<FieldProblem>) {
        let now = Self::from_key(key);
        let mut meanwhile = Vec::new();
        let mut field = |id: &'static str, typed: &mut String, began: &str, now: &str, same: fn(&str, &str) -> bool| {
            if same(typed, began) {
                now.clone_into(typed);
            } else if !same(began, now) && !same(typed, now) {
                meanwhile.push(changed_meanwhile(id, now));
            }
        };
        field("name", &mut self.name, &began.name, &now.name, str::eq);
        field("expires", &mut self.expires, &began.expires, &now.expires, str::eq);
        field("requests", &mut self.requests, &began.requests, &now.requests, same_number);
        field("jobs", &mut self.jobs, &began.jobs, &now.jobs, same_number);
        field("daily", &mut self.daily, &began.daily, &now.daily, same_dollars);
        field("monthly", &mut self.monthly, &began.monthly, &now.monthly, same_dollars);
        if same_scopes(&self.scopes, &began.scopes) {
            self.scopes = now.scopes;
        } else if !same_scopes(&began.scopes, &now.scopes) && !same_scopes(&self.scopes, &now.scopes) {
            meanwhile.push(changed_meanwhile("scopes", &in_words(&now.scopes)));
        }
        (self, meanwhile)
    }

    /// What it changes of a key; none where that is nothing. What stays isn't named, so that it stays whoever else changes it.
    pub(super) fn change(&self, key: &ApiKeyInfo) -> Result<Option<UpdateApiKey>, Vec<FieldProblem>> {
        let wanted = self.wanted()?;
        let before = Self::from_key(key);
        let count = |limit: Option<u32>| limit.map(i64::from);
        let mut change = UpdateApiKey {
            scopes: (!same_scopes(&self.scopes, &before.scopes)).then_some(wanted.scopes),
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

fn in_words(scopes: &[String]) -> String {
    let label = |scope| SCOPES.iter().find(|(value, _)| *value == scope).map_or(scope, |(_, label)| *label);
    scopes.iter().map(|scope| label(scope.as_str())).collect::<Vec<_>>().join(", ")
}

fn same_number(a: &str, b: &str) -> bool {
    a == b || number(a).is_some_and(|value| number(b) == Some(value))
}

/// In whatever order.
fn same_scopes(a: &[String], b: &[String]) -> bool {
    a.iter().all(|scope| b.contains(scope)) && b.iter().all(|scope| a.contains(scope))
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

    fn shop() -> ApiKeyInfo {
        serde_json::from_value(serde_json::json!({
            "id": "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11", "client_id": "0191d0a0-0000-7000-8000-000000000001", "name": "Shop",
            "prefix": "hgc_012345", "origin": "made", "scopes": ["jobs:read", "generate"], "state": "active",
            "requests_per_minute": 60, "jobs_per_day": null, "daily_limit_usd": "5.000000000", "monthly_limit_usd": null, "used": null,
            "created_at": "2026-11-01T09:00:00Z", "created_by": null, "last_used_at": null, "expires_at": "2027-03-31T12:00:00Z",
            "rotated_at": null, "rotated_by": null, "old_secret": null, "revoked_at": null, "revoked_by": null,
        }))
        .unwrap()
    }

    #[test]
    fn only_what_was_changed_is_named() {
        let mut key = shop();
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

    #[test]
    fn what_somebody_else_has_changed_is_not_undone() {
        let (before, mut key) = (shop(), shop());
        let began = Typed::from_key(&before);
        key.daily_limit_usd = dollars("7");
        key.jobs_per_day = Some(50);
        // Left as it was, however it is written, it stays what it is now.
        let sent = Typed { daily: "5".into(), requests: "90".into(), ..began.clone() };
        let (typed, meanwhile) = sent.onto(&began, &key);
        assert_eq!((typed.daily.as_str(), typed.jobs.as_str(), meanwhile), ("7.00", "50", Vec::new()));
        let change = typed.change(&key).unwrap().unwrap();
        assert_eq!(serde_json::to_value(&change).unwrap(), serde_json::json!({"requests_per_minute": 90}));
        // Both have changed it: to the same, or to something else.
        let sent = Typed { daily: "$7".into(), jobs: "60".into(), ..began.clone() };
        let (typed, meanwhile) = sent.onto(&began, &key);
        assert_eq!(meanwhile, [FieldProblem::new("jobs", "Somebody has changed this meanwhile; it is 50 now.")]);
        assert_eq!(typed.jobs, "60", "what was typed is still there");
        // Sent again, it began with what is there now.
        let (typed, meanwhile) = typed.onto(&Typed::from_key(&key), &key);
        let change = typed.change(&key).unwrap().unwrap();
        assert_eq!(
            (meanwhile, serde_json::to_value(&change).unwrap()),
            (Vec::new(), serde_json::json!({"jobs_per_day": 60}))
        );
    }

    #[test]
    fn scopes_and_ends_are_compared_as_well() {
        let (before, mut key) = (shop(), shop());
        let began = Typed::from_key(&before);
        key.scopes = vec!["usage:read".into()];
        key.expires_at = None;
        let sent = Typed { scopes: vec!["generate".into()], expires: "2027-05-01".into(), ..began.clone() };
        let said: Vec<_> = sent.onto(&began, &key).1.into_iter().map(|it| (it.field, it.message)).collect();
        assert_eq!(
            said.iter().map(|(field, message)| (field.as_ref(), message.as_ref())).collect::<Vec<_>>(),
            [
                ("expires", "Somebody has changed this meanwhile; it is empty now."),
                ("scopes", "Somebody has changed this meanwhile; it is see usage and costs now."),
            ]
        );
        let sent = Typed { scopes: vec!["generate".into(), "jobs:read".into()], ..began.clone() };
        let (typed, meanwhile) = sent.onto(&began, &key);
        assert_eq!((typed.scopes, meanwhile.len()), (key.scopes, 0), "in another order they are the same");
    }

    #[test]
    fn a_form_says_what_it_began_with() {
        let hidden = Typed::from_key(&shop()).hidden();
        let mut pairs: Vec<_> = hidden.into_iter().map(|it| (it.name, it.value)).collect();
        pairs.push(("jobs".into(), "9".into()));
        let began = Typed::began(&pairs).unwrap();
        assert_eq!(
            (began.name.as_str(), began.scopes.len(), began.jobs.as_str(), began.daily.as_str()),
            ("Shop", 2, "", "5.00")
        );
        assert_eq!((Typed::of(pairs).jobs.as_str(), Typed::began(&[]).is_none()), ("9", true));
    }
}
