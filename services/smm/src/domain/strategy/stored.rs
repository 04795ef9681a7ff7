//! Strategies and SEO rules as the database keeps them: an object of the fields that are set.

use hg_contracts::smm::understood_fields;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// As an object of the fields that are set.
#[must_use]
pub fn to_stored<T: Serialize>(fields: &T) -> Map<String, Value> {
    match serde_json::to_value(fields) {
        Ok(Value::Object(map)) => map,
        // A struct of plain values is always an object.
        _ => Map::new(),
    }
}

/// From what was stored. A field that this version doesn't understand (a newer replica wrote it, or a rule has
/// become stricter) is left out with a warning, so that one field can't keep a client from its strategy.
#[must_use]
pub fn from_stored<T: DeserializeOwned + Default>(stored: Map<String, Value>) -> T {
    understood_fields(stored)
}

#[cfg(test)]
mod tests {
    use hg_contracts::smm::StrategyFields;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_from_the_future_costs_only_itself() {
        let Value::Object(stored) = json!({"tone": "calm", "hologram": true, "subject_length": "long"}) else {
            panic!()
        };
        let fields: StrategyFields = from_stored(stored);
        assert_eq!(fields, StrategyFields { tone: Some("calm".to_owned()), ..StrategyFields::default() });
        assert_eq!(Value::Object(to_stored(&fields)), json!({"tone": "calm"}));
    }
}
