//! What differs between two versions, field by field; keys of `extras` one by one.

use std::collections::BTreeMap;

use hg_contracts::smm::{ChangeKind, FieldChange};
use serde_json::{Map, Value};

/// What differs, by name of the field.
#[must_use]
pub fn changes(before: Map<String, Value>, after: Map<String, Value>) -> Vec<FieldChange> {
    let mut fields: BTreeMap<String, (Option<Value>, Option<Value>)> = BTreeMap::new();
    for (field, value) in flat(before) {
        fields.entry(field).or_default().0 = Some(value);
    }
    for (field, value) in flat(after) {
        fields.entry(field).or_default().1 = Some(value);
    }
    let differing = fields.into_iter().filter_map(|(field, (before, after))| {
        let kind = match (&before, &after) {
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (before, after) if before != after => ChangeKind::Changed,
            _ => return None,
        };
        Some(FieldChange { field, kind, before, after })
    });
    differing.collect()
}

/// The names of what differs.
#[must_use]
pub fn changed(before: Map<String, Value>, after: Map<String, Value>) -> Vec<String> {
    changes(before, after).into_iter().map(|change| change.field).collect()
}

fn flat(fields: Map<String, Value>) -> impl Iterator<Item = (String, Value)> {
    fields.into_iter().flat_map(|(name, value)| match value {
        Value::Object(extras) if name == "extras" => {
            extras.into_iter().map(|(key, value)| (format!("extras.{key}"), value)).collect()
        }
        value => vec![(name, value)],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn only_what_differs_is_told() {
        let before = object(&json!({"tone": "calm", "language": "en", "extras": {"a": 1, "b": 2}}));
        let after = object(&json!({"tone": "warm", "language": "en", "extras": {"b": 2}, "hashtags": ["#a"]}));
        let told: Vec<(String, ChangeKind)> =
            changes(before.clone(), after).into_iter().map(|it| (it.field, it.kind)).collect();
        assert_eq!(
            told,
            [
                ("extras.a".to_owned(), ChangeKind::Removed),
                ("hashtags".to_owned(), ChangeKind::Added),
                ("tone".to_owned(), ChangeKind::Changed)
            ]
        );
        assert_eq!(changes(before.clone(), before.clone()), []);
        assert_eq!(changed(Map::new(), before), ["extras.a", "extras.b", "language", "tone"]);
    }
}
