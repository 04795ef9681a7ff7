//! Strings of a chunk, which are copied only where their escapes make that necessary: a stream has thousands of them, and of
//! most nothing is kept. (serde borrows into a bare `Cow` alone, not into one within an `Option`.)

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// A string, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// What an answer says: a string, or a list of parts of which some have a text. Anything else says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Strings).map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything).map(Self)
    }
}

struct Strings;

impl<'de> Visitor<'de> for Strings {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or its parts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut text = String::new();
        while let Some(part) = parts.next_element::<Value>()? {
            text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default());
        }
        Ok(Cow::Owned(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_escapes_make_copies() {
        let text = |json: &'static str| serde_json::from_str::<Text<'_>>(json).map(|text| text.0);
        assert!(matches!(text(r#""Grüße""#), Ok(Cow::Borrowed("Grüße"))));
        assert!(matches!(text(r#""a\nb""#), Ok(Cow::Owned(text)) if text == "a\nb"));
        for other in ["1", "null", "[]", "{}"] {
            assert!(text(other).is_err(), "{other}");
        }
    }

    #[test]
    fn content_is_a_text_or_its_parts() {
        for (json, said) in [
            (r#""one""#, "one"),
            (r#"[{"type":"text","text":"o"},{"type":"image"},7,{"text":"ne"}]"#, "one"),
            (r#"{"text":"one"}"#, ""),
            ("7", ""),
            ("-7", ""),
            ("0.5", ""),
            ("true", ""),
            ("[]", ""),
        ] {
            assert_eq!(serde_json::from_str::<Content<'_>>(json).unwrap().0, said, "{json}");
        }
    }
}
