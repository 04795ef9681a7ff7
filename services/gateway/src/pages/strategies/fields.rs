//! Fields as inputs and back: what stands in a form for a value, and which value a form means.
//!
//! An input that is left empty stands for "inherited". Lists that shall be empty on purpose have a tick of their own.
//! Bounds are strategy management's to judge; here only what no value can hold is refused.

use std::collections::BTreeMap;

use hg_contracts::smm::{FieldGuide, FieldKind, PlatformGuide};
use serde_json::{Map, Number, Value};

use super::groups::label;
use crate::pages::parts::FieldProblem;

/// What stands between texts of a list of texts.
pub(super) const RULE: &str = "---";
/// The tick that says "none".
pub(super) const NONE: &str = "none";
/// What a tick sends.
pub(super) const TICKED: &str = "on";

/// The inputs of a form by their names.
pub(super) type Typed = BTreeMap<String, String>;

/// The names of the inputs of a field that has several.
pub(super) fn parts_of(field: &FieldGuide, platforms: &[PlatformGuide]) -> Vec<String> {
    match field.kind {
        FieldKind::Range | FieldKind::DecimalRange => vec!["min".to_owned(), "max".to_owned()],
        FieldKind::Platforms | FieldKind::NumberPerPlatform | FieldKind::TextPerPlatform => {
            platforms.iter().map(|platform| platform.name.clone()).collect()
        }
        FieldKind::Choices => field.suggestions.clone(),
        _ => Vec::new(),
    }
}

/// The name of one of several inputs.
pub(super) fn part(field: &FieldGuide, name: &str) -> String {
    format!("{}.{name}", field.name)
}

/// Whether an input belongs to a field.
pub(super) fn is_of(field: &FieldGuide, input: &str) -> bool {
    input.strip_prefix(field.name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What stands in the inputs for these values.
pub(super) fn typed(fields: &[FieldGuide], values: &Map<String, Value>) -> Typed {
    let mut inputs = Typed::new();
    for field in fields {
        if let Some(value) = values.get(&field.name) {
            put(&mut inputs, field, value);
        }
    }
    inputs
}

fn put(inputs: &mut Typed, field: &FieldGuide, value: &Value) {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let entries = || value.as_array().into_iter().flatten().map(text);
    match field.kind {
        FieldKind::Lines | FieldKind::Texts | FieldKind::Choices if entries().next().is_none() => {
            inputs.insert(part(field, NONE), TICKED.to_owned());
        }
        FieldKind::Lines => {
            inputs.insert(field.name.clone(), entries().collect::<Vec<_>>().join("\n"));
        }
        FieldKind::Texts => {
            inputs.insert(
                field.name.clone(),
                entries().map(|text| escaped(&text)).collect::<Vec<_>>().join(&format!("\n{RULE}\n")),
            );
        }
        FieldKind::Choices | FieldKind::Platforms => {
            inputs.extend(entries().map(|entry| (part(field, &entry), TICKED.to_owned())));
        }
        FieldKind::Range | FieldKind::DecimalRange => {
            inputs.extend(["min", "max"].into_iter().zip(entries()).map(|(end, text)| (part(field, end), text)));
        }
        FieldKind::NumberPerPlatform | FieldKind::TextPerPlatform => {
            let pairs = value.as_object().into_iter().flatten();
            inputs.extend(pairs.map(|(name, value)| (part(field, name), text(value))));
        }
        FieldKind::Extras => {
            inputs.insert(field.name.clone(), serde_json::to_string_pretty(value).unwrap_or_default());
        }
        FieldKind::Text | FieldKind::Flag | FieldKind::Number | FieldKind::Language | FieldKind::Url => {
            inputs.insert(field.name.clone(), text(value));
        }
    }
}

/// The values that a form means; a field that is left empty isn't among them.
///
/// # Errors
/// With one entry per field that no value can hold.
pub(super) fn values(
    fields: &[FieldGuide],
    platforms: &[PlatformGuide],
    inputs: &Typed,
) -> Result<Map<String, Value>, Vec<FieldProblem>> {
    let mut values = Map::new();
    let mut problems = Vec::new();
    for field in fields {
        match value(field, platforms, inputs) {
            Ok(Some(value)) => {
                values.insert(field.name.clone(), value);
            }
            Ok(None) => {}
            Err(message) => {
                problems.push(FieldProblem::new(field.name.clone(), format!("{}: {message}", label(&field.name))));
            }
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

fn value(field: &FieldGuide, platforms: &[PlatformGuide], inputs: &Typed) -> Result<Option<Value>, String> {
    let given = |name: &str| inputs.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let whole = given(&field.name);
    let explicitly_none = || given(&part(field, NONE)).map(|_| Value::Array(Vec::new()));
    let parts = || parts_of(field, platforms).into_iter();
    Ok(match field.kind {
        FieldKind::Text | FieldKind::Language | FieldKind::Url => {
            whole.map(|text| Value::from(text.replace("\r\n", "\n")))
        }
        FieldKind::Flag => match whole {
            None => None,
            Some("true") => Some(Value::Bool(true)),
            Some("false") => Some(Value::Bool(false)),
            Some(_) => return Err("choose yes, no, or neither.".to_owned()),
        },
        FieldKind::Number => whole.map(whole_number).transpose()?,
        FieldKind::Range | FieldKind::DecimalRange => {
            let number = if field.kind == FieldKind::Range { whole_number } else { decimal };
            match (given(&part(field, "min")), given(&part(field, "max"))) {
                (None, None) => None,
                (Some(min), Some(max)) => Some(Value::Array(vec![number(min)?, number(max)?])),
                _ => return Err("give both ends, or neither.".to_owned()),
            }
        }
        FieldKind::Lines => {
            let lines: Vec<Value> = whole
                .into_iter()
                .flat_map(str::lines)
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(Value::from)
                .collect();
            if lines.is_empty() { explicitly_none() } else { Some(Value::Array(lines)) }
        }
        FieldKind::Texts => {
            let texts = texts(whole.unwrap_or_default());
            if texts.is_empty() { explicitly_none() } else { Some(Value::Array(texts)) }
        }
        FieldKind::Platforms | FieldKind::Choices => {
            let ticked: Vec<Value> =
                parts().filter(|name| given(&part(field, name)).is_some()).map(Value::from).collect();
            if ticked.is_empty() { explicitly_none() } else { Some(Value::Array(ticked)) }
        }
        FieldKind::NumberPerPlatform | FieldKind::TextPerPlatform => {
            let mut pairs = Map::new();
            for name in parts() {
                let Some(text) = given(&part(field, &name)) else { continue };
                let value = match field.kind {
                    FieldKind::NumberPerPlatform => whole_number(text)?,
                    _ => Value::from(text),
                };
                pairs.insert(name, value);
            }
            (!pairs.is_empty()).then_some(Value::Object(pairs))
        }
        FieldKind::Extras => match whole.map(serde_json::from_str) {
            None => None,
            Some(Ok(Value::Object(object))) => Some(Value::Object(object)),
            Some(Ok(_)) => return Err("write a JSON object, {\"name\": …}.".to_owned()),
            Some(Err(error)) => return Err(format!("that is no JSON: {error}.")),
        },
    })
}

fn whole_number(text: &str) -> Result<Value, String> {
    text.parse::<u32>().map(Value::from).map_err(|_| format!("“{text}” is no whole number."))
}

fn decimal(text: &str) -> Result<Value, String> {
    let number = text.replace(',', ".").parse::<f64>().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or_else(|| format!("“{text}” is no number."))
}

/// A line that is the rule, or would be read as an escaped one, behind so many backslashes.
fn is_rule(line: &str) -> bool {
    line.trim().trim_start_matches('\\') == RULE
}

/// A text of a list of texts as it is typed: a line that would end it has a backslash in front.
fn escaped(text: &str) -> String {
    let line = |line: &str| if is_rule(line) { format!("\\{}", line.trim()) } else { line.to_owned() };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Texts with a line of three hyphens between them; behind a backslash such a line is a part of its text.
fn texts(whole: &str) -> Vec<Value> {
    let mut texts = vec![String::new()];
    for line in whole.lines() {
        if line.trim() == RULE {
            texts.push(String::new());
        } else if let Some(text) = texts.last_mut() {
            text.push_str(if is_rule(line) { line.trim().get(1..).unwrap_or_default() } else { line });
            text.push('\n');
        }
    }
    texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, kind: FieldKind) -> FieldGuide {
        FieldGuide {
            name: name.to_owned(),
            about: String::new(),
            kind,
            max_length: None,
            max_entries: None,
            min: None,
            max: None,
            suggestions: if kind == FieldKind::Choices { vec!["a_check".into(), "b_check".into()] } else { Vec::new() },
            built_in: None,
        }
    }

    fn all() -> Vec<FieldGuide> {
        vec![
            field("tone", FieldKind::Text),
            field("tone_words", FieldKind::Lines),
            field("voice_samples", FieldKind::Texts),
            field("include_cta", FieldKind::Flag),
            field("email_count", FieldKind::Number),
            field("word_count_range", FieldKind::Range),
            field("keyphrase_density", FieldKind::DecimalRange),
            field("language", FieldKind::Language),
            field("call_to_action_url", FieldKind::Url),
            field("platforms", FieldKind::Platforms),
            field("character_limits", FieldKind::NumberPerPlatform),
            field("post_timing", FieldKind::TextPerPlatform),
            field("skipped_checks", FieldKind::Choices),
            field("extras", FieldKind::Extras),
        ]
    }

    fn platforms() -> Vec<PlatformGuide> {
        ["twitter", "linkedin"].map(|name| PlatformGuide { name: name.into(), character_limit: 280 }).into()
    }

    #[test]
    fn every_kind_of_value_comes_back_as_it_went() {
        let value = json!({
            "tone": "calm", "tone_words": ["plain", "precise"], "voice_samples": ["We fix it.\nToday.", "Second."],
            "include_cta": false, "email_count": 3, "word_count_range": [600, 900], "keyphrase_density": [0.5, 2.5],
            "language": "en-GB", "call_to_action_url": "https://example.com/q", "platforms": ["twitter"],
            "character_limits": {"linkedin": 900}, "post_timing": {"twitter": "mornings"},
            "skipped_checks": ["b_check"], "extras": {"mascot": "Otto", "n": {"deep": [1]}},
        });
        let map = value.as_object().unwrap().clone();
        assert_eq!(values(&all(), &platforms(), &typed(&all(), &map)).unwrap(), map);
    }

    #[test]
    fn a_rule_inside_of_a_text_divides_nothing() {
        let samples = json!({"voice_samples": ["Dear all,\n---\nYours", "a\n\\---\nb", "---", "\\\\---\n----\n\\x"]});
        let map = samples.as_object().unwrap().clone();
        let inputs = typed(&all(), &map);
        assert!(inputs["voice_samples"].starts_with("Dear all,\n\\---\nYours\n---\na\n\\\\---\nb\n---\n"));
        assert_eq!(values(&all(), &platforms(), &inputs).unwrap(), map);
        // As browsers send it.
        let sent: Typed = inputs.into_iter().map(|(name, text)| (name, text.replace('\n', "\r\n"))).collect();
        assert_eq!(values(&all(), &platforms(), &sent).unwrap(), map);
    }

    #[test]
    fn an_empty_list_is_not_an_inherited_one() {
        let none = json!({"tone_words": [], "voice_samples": [], "skipped_checks": []}).as_object().unwrap().clone();
        assert_eq!(values(&all(), &platforms(), &typed(&all(), &none)).unwrap(), none);
        assert!(values(&all(), &platforms(), &Typed::new()).unwrap().is_empty());
        let blank = Typed::from([("tone".into(), "  ".into()), ("tone_words".into(), "\r\n \n".into())]);
        assert!(values(&all(), &platforms(), &blank).unwrap().is_empty());
    }

    #[test]
    fn what_no_value_can_hold_is_said_beside_its_field() {
        let bad = [
            ("include_cta", "maybe"),
            ("email_count", "-3"),
            ("word_count_range.min", "600"),
            ("keyphrase_density.min", "x"),
            ("keyphrase_density.max", "1"),
            ("character_limits.twitter", "many"),
            ("extras", "[1]"),
        ];
        let typed: Typed = bad.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let problems = values(&all(), &platforms(), &typed).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|it| &*it.field).collect();
        assert_eq!(
            fields,
            ["include_cta", "email_count", "word_count_range", "keyphrase_density", "character_limits", "extras"]
        );
        assert!(problems[2].message.starts_with("Words: give both ends"));
    }

    #[test]
    fn inputs_belong_to_one_field() {
        let tone = field("tone", FieldKind::Text);
        assert!(is_of(&tone, "tone") && is_of(&tone, "tone.none") && !is_of(&tone, "tone_words"));
    }
}
