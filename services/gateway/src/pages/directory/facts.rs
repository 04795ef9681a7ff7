//! Facts about a firm as lines that people edit: `industry: construction`. What isn't a line stays as it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::pages::parts::{Fact, FieldProblem};

/// The facts that are lines, a line each.
pub(super) fn as_lines(facts: &Map<String, Value>) -> String {
    let lines = facts.iter().filter_map(|(name, value)| Some(format!("{name}: {}", text_of(value)?)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The facts to be read: their names as people write them.
pub(super) fn as_facts(facts: &Map<String, Value>) -> Vec<Fact> {
    let shown = |value: &Value| text_of(value).unwrap_or_else(|| value.to_string());
    facts.iter().map(|(name, value)| Fact::new(label_of(name), shown(value))).collect()
}

/// What the person changed since the form began, over what is there now: a line that was typed holds, one that they took
/// away goes, and one that they left alone is as somebody else has made it meanwhile. A list stays a list, and what no
/// line can show stays.
///
/// # Errors
/// With what is wrong with the first line that isn't one.
pub(super) fn merged(typed: &str, began: &str, now: &Map<String, Value>) -> Result<Map<String, Value>, FieldProblem> {
    let typed = lines_of(typed)?;
    // Made by `as_lines`, so they are lines; were they not, then all of what was typed is the person's.
    let began = lines_of(began).unwrap_or_default();
    let mut merged = now.clone();
    merged.retain(|name, value| {
        let name = name_of(name);
        text_of(value).is_none() || typed.contains_key(&name) || !began.contains_key(&name)
    });
    for (name, text) in typed {
        if began.get(&name) == Some(&text) {
            continue;
        }
        let known = now.iter().find(|(known, _)| name_of(known) == name);
        if known.is_some_and(|(_, before)| text_of(before).is_none()) {
            return Err(problem(format!("“{name}” is there already, as more than a line can hold.")));
        }
        let value = match known.map(|(_, before)| before) {
            Some(before) if text_of(before).as_deref() == Some(&*text) => before.clone(),
            Some(Value::Array(_)) => {
                text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Value::from).collect()
            }
            _ => Value::from(text),
        };
        merged.insert(known.map_or(name, |(known, _)| known.clone()), value);
    }
    Ok(merged)
}

/// Names and values of lines as somebody writes them.
fn lines_of(text: &str) -> Result<BTreeMap<String, String>, FieldProblem> {
    let mut lines = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, typed)) = line.split_once(':').map(|(name, typed)| (name_of(name), typed.trim())) else {
            return Err(problem(format!("“{line}” lacks a colon: write “name: value”.")));
        };
        if name.is_empty() || typed.is_empty() {
            return Err(problem(format!("“{line}” needs a name before the colon and a value after it.")));
        }
        if lines.insert(name.clone(), typed.to_owned()).is_some() {
            return Err(problem(format!("“{name}” is there twice.")));
        }
    }
    Ok(lines)
}

fn problem(message: String) -> FieldProblem {
    FieldProblem::new("facts", message)
}

/// A value in one line, if it is one; a list of such as one with commas.
fn text_of(value: &Value) -> Option<String> {
    let one_line = |text: &str| !text.trim().is_empty() && !text.contains(['\n', '\r']);
    match value {
        Value::String(text) => one_line(text).then(|| text.trim().to_owned()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(entries) => {
            let entries: Option<Vec<&str>> = entries.iter().map(Value::as_str).collect();
            let entries = entries?;
            let fine = !entries.is_empty() && entries.iter().all(|it| one_line(it) && !it.contains(','));
            fine.then(|| entries.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// Templates read facts by names such as `service_areas`.
fn name_of(typed: &str) -> String {
    typed.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}

/// `service_areas` as `Service areas`.
pub(crate) fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut characters = words.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Map<String, Value> {
        let facts = json!({
            "industry": "construction", "services": ["paving", "sealcoating"], "founded": 1987,
            "address": {"city": "Columbus"}, "note": "two\nlines"
        });
        facts.as_object().cloned().unwrap()
    }

    #[test]
    fn what_nobody_touched_stays_as_it_is() {
        let lines = as_lines(&known());
        assert_eq!(lines, "founded: 1987\nindustry: construction\nservices: paving, sealcoating");
        assert_eq!(merged(&lines, &lines, &known()).unwrap(), known());
    }

    #[test]
    fn lines_are_changed_added_and_taken_away() {
        let text = "Industry: asphalt\r\nservices: paving, , striping\n\nservice areas: ohio";
        let merged = Value::Object(merged(text, &as_lines(&known()), &known()).unwrap());
        let expected = json!({
            "industry": "asphalt", "services": ["paving", "striping"], "service_areas": "ohio",
            "address": {"city": "Columbus"}, "note": "two\nlines"
        });
        assert_eq!(merged, expected);
    }

    #[test]
    fn what_somebody_else_did_meanwhile_stays() {
        let began = as_lines(&known());
        let mut now = known();
        now.insert("industry".into(), "roads".into());
        now.insert("phone".into(), "614".into());
        now.remove("services");
        // One's own change, and one's own deletion, over all that.
        let typed = began.replace("founded: 1987", "founded: 1988");
        let expected = json!({
            "founded": "1988", "industry": "roads", "phone": "614", "address": {"city": "Columbus"}, "note": "two\nlines"
        });
        assert_eq!(Value::Object(merged(&typed, &began, &now).unwrap()), expected);
        let mut without = now.clone();
        without.remove("founded");
        assert_eq!(merged(&began.replace("founded: 1987\n", ""), &began, &now).unwrap(), without);
        assert_eq!(merged(&began.replace('\n', "\r\n"), &began, &now).unwrap(), now);
    }

    #[test]
    fn what_is_no_line_is_said() {
        for bad in ["industry", "industry:", ": x", "a: 1\na: 2"] {
            assert_eq!(merged(bad, "", &Map::new()).unwrap_err().field, "facts", "{bad}");
        }
        assert_eq!(as_facts(&known())[0].label, "Address");
    }
}
