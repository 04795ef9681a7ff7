//! What a template may be saved as.

use std::fmt;

use hg_common::http::{ApiError, FieldErrors, check_note};
use hg_contracts::im::SaveTemplate;
use serde_json::{Map, Value};

use super::verdict;

/// The longest template, in bytes.
pub const TEMPLATE_BYTES: usize = 64 * 1024;
const VARIABLES_BYTES: usize = 64 * 1024;

/// One of a template's two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The template of the system prompt.
    System,
    /// The template of the user prompt.
    User,
}

impl Field {
    /// The field's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system_template",
            Self::User => "template",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A template whose every field was checked, and which renders with sample data.
#[derive(Debug, Clone)]
pub struct CheckedTemplate {
    /// As it was given.
    pub save: SaveTemplate,
    /// Name → a sentence about it.
    pub variables: Map<String, Value>,
}

/// Checks a template. Takes processor time: not for an async thread.
///
/// # Errors
/// 422 naming each field that can't be accepted; for a template's text with the line.
pub fn check(mut save: SaveTemplate) -> Result<CheckedTemplate, ApiError> {
    let mut errors = FieldErrors::new();
    save.name = save.name.trim().to_owned();
    let one_line = (1..=255).contains(&save.name.chars().count()) && !save.name.chars().any(char::is_control);
    errors.check(one_line, "name", "must be one line of 1 to 255 characters");
    check_note(&mut errors, save.note.as_deref());
    let variables = variables(&save.variables).unwrap_or_else(|message| {
        errors.push("variables", message);
        Map::new()
    });
    for problem in verdict::judge(save.content_type, &save.system_template, &save.template).problems {
        let message = match problem.line {
            Some(line) => format!("line {line}: {}", problem.message),
            None => problem.message,
        };
        errors.push(problem.field, message);
    }
    errors.into_result()?;
    Ok(CheckedTemplate { save, variables })
}

/// The declared variables: an object of sentences, or the reference's list of names.
fn variables(declared: &Value) -> Result<Map<String, Value>, String> {
    let map = match declared {
        Value::Null => Map::new(),
        Value::Object(map) if map.values().all(Value::is_string) => map.clone(),
        Value::Array(names) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).map(|name| (name.to_owned(), Value::String(String::new()))).collect()
        }
        _ => return Err("must be an object of name → sentence, or a list of names".to_owned()),
    };
    let names_are_fine = map.keys().all(|name| (1..=100).contains(&name.len()) && !name.contains('\0'));
    let size = serde_json::to_vec(&map).map_or(usize::MAX, |bytes| bytes.len());
    if !names_are_fine {
        Err("names must have 1 to 100 characters".to_owned())
    } else if size > VARIABLES_BYTES || map.values().filter_map(Value::as_str).any(|sentence| sentence.contains('\0')) {
        Err("must not exceed 64 KiB, nor contain U+0000".to_owned())
    } else {
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use hg_types::{ClientId, ContentType};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn save(template: &str, variables: Value) -> SaveTemplate {
        SaveTemplate {
            client_id: ClientId(Uuid::nil()),
            name: "A template".to_owned(),
            content_type: ContentType::BlogPost,
            system_template: String::new(),
            template: template.to_owned(),
            variables,
            note: None,
        }
    }

    #[test]
    fn both_forms_of_variables_are_understood() {
        let listed = check(save("{{ topic }}", json!(["topic"]))).unwrap();
        assert_eq!(Value::Object(listed.variables), json!({"topic": ""}));
        let told = check(save("{{ topic }}", json!({"topic": "What it is about"}))).unwrap();
        assert_eq!(Value::Object(told.variables), json!({"topic": "What it is about"}));
        assert!(check(save("{{ topic }}", json!(7))).is_err());
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let bad = SaveTemplate {
            name: String::new(),
            system_template: "{{ nobody }}".to_owned(),
            ..save("a\n{% if %}", Value::Null)
        };
        let error = check(bad).unwrap_err();
        let fields: Vec<&str> = error.details().iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(fields, ["name", "template"]);
        assert!(error.details()[1].message.starts_with("line 2: "), "{:?}", error.details());
        let unknown = check(save("{{ nobody }}", Value::Null)).unwrap_err();
        assert!(unknown.details()[0].message.contains("nobody"));
        assert_eq!(check(save("", Value::Null)).unwrap_err().details()[0].field, "template");
        assert_eq!(
            check(save(&"x".repeat(TEMPLATE_BYTES + 1), Value::Null)).unwrap_err().details()[0].field,
            "template"
        );
    }
}
