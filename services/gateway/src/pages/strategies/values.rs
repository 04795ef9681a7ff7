//! Values as people read them, whatever field they belong to.

use serde_json::{Map, Value};

use crate::pages::content::strategy::platform;

/// A value in words: lists one per line, ranges from–to, pairs one per line.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(entries) if entries.is_empty() => "None".to_owned(),
        Value::Array(entries) if entries.len() == 2 && entries.iter().all(Value::is_number) => {
            format!("{}–{}", entries[0], entries[1])
        }
        Value::Array(entries) => entries.iter().map(words).collect::<Vec<_>>().join("\n"),
        Value::Object(pairs) => pairs_in_words(pairs),
    }
}

fn pairs_in_words(pairs: &Map<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(_) | Value::Array(_) => format!("{name}: {value}"),
        _ => format!("{}: {}", named(name), words(value)),
    };
    pairs.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Platforms are written as people write them; other keys as they are.
fn named(name: &str) -> String {
    match name {
        "twitter" | "linkedin" | "facebook" | "instagram" => platform(name),
        _ => name.to_owned(),
    }
}

/// The same in one short line, for where there is little room.
pub(super) fn short(value: &Value) -> String {
    const MOST: usize = 120;
    let text = words(value);
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ");
    if line.chars().count() <= MOST {
        return line;
    }
    let cut: String = line.chars().take(MOST).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_told_in_words() {
        assert_eq!(words(&json!([600, 1000])), "600–1000");
        assert_eq!(words(&json!([0.5, 3.0])), "0.5–3.0");
        assert_eq!(words(&json!([])), "None");
        assert_eq!(words(&json!(["a", "b"])), "a\nb");
        assert_eq!(words(&json!({"twitter": 280, "linkedin": 3000})), "LinkedIn: 3000\nX: 280");
        assert_eq!(words(&json!(false)), "No");
        assert_eq!(short(&json!(["a", "b"])), "a, b");
        assert_eq!(short(&json!("x".repeat(200))).chars().count(), 121);
    }
}
