//! What a client may be called and carry, and how a slug is made of a name.
//!
//! A slug is lower-case letters a–z and digits, with single hyphens between, at most 100 characters, and doesn't read as
//! an id: a path takes either. One that is made of a name may get a number behind it, so that it is free.
//!
//! The hierarchy's own rules (an agency stands below the root, a customer below an agency or the root) are the
//! database's: it sees parents that the caller doesn't.

use hg_common::http::{ApiError, FieldErrors};
use hg_contracts::smm::{CreateClient, UpdateClient};
use hg_types::ClientType;
use serde_json::{Map, Value};

const NAME_LENGTH: usize = 255;
const SLUG_LENGTH: usize = 100;
const METADATA_BYTES: usize = 64 * 1024;

/// The slug of a new client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSlug {
    /// As it was asked for: this one or none.
    Given(String),
    /// Made of the name: this one, or with a number behind it.
    Made(String),
}

/// Checks a new client and gives it a slug where it has none.
///
/// # Errors
/// 422 naming each field that can't be accepted.
pub fn check_new(mut new: CreateClient) -> Result<(CreateClient, NewSlug), ApiError> {
    let mut errors = FieldErrors::new();
    new.name = new.name.trim().to_owned();
    check_name(&mut errors, &new.name);
    check_metadata(&mut errors, &new.metadata);
    errors.check(new.client_type != ClientType::Root, "type", "there is one root, and it is there: agency or customer");
    let slug = match &new.slug {
        Some(slug) => {
            check_slug(&mut errors, slug);
            NewSlug::Given(slug.clone())
        }
        None => {
            let slug = slug_of(&new.name);
            let fine = !slug.is_empty() && uuid::Uuid::parse_str(&slug).is_err();
            // A name that isn't one is said already.
            errors.check(fine || new.name.is_empty(), "slug", "can't be made from this name: give one");
            NewSlug::Made(slug)
        }
    };
    errors.into_result()?;
    Ok((new, slug))
}

/// Checks a change of a client.
///
/// # Errors
/// 422 naming each field that can't be accepted.
pub fn check_change(mut change: UpdateClient) -> Result<UpdateClient, ApiError> {
    let mut errors = FieldErrors::new();
    if let Some(name) = &mut change.name {
        *name = name.trim().to_owned();
        check_name(&mut errors, name);
    }
    if let Some(slug) = &change.slug {
        check_slug(&mut errors, slug);
    }
    if let Some(metadata) = &change.metadata {
        check_metadata(&mut errors, metadata);
    }
    errors.into_result()?;
    Ok(change)
}

fn check_name(errors: &mut FieldErrors, name: &str) {
    let length = name.chars().count();
    errors.check((1..=NAME_LENGTH).contains(&length), "name", "must have 1 to 255 characters");
    errors.check(!name.chars().any(char::is_control), "name", "must be one line");
}

fn check_slug(errors: &mut FieldErrors, slug: &str) {
    let words = || {
        slug.split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    };
    let fine = slug.len() <= SLUG_LENGTH && words();
    errors.check(
        fine,
        "slug",
        "must be lower-case letters and digits, with single hyphens between, at most 100 characters",
    );
    errors.check(uuid::Uuid::parse_str(slug).is_err(), "slug", "must not look like an id");
}

fn check_metadata(errors: &mut FieldErrors, metadata: &Map<String, Value>) {
    let size = serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len());
    errors.check(size <= METADATA_BYTES, "metadata", "must not exceed 64 KiB");
    errors.check(!contains_nul(metadata), "metadata", "must not contain the character U+0000");
}

/// Postgres can't store U+0000 in JSON.
pub(crate) fn contains_nul(map: &Map<String, Value>) -> bool {
    fn in_value(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(in_value),
            Value::Object(map) => contains_nul(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    map.iter().any(|(key, value)| key.contains('\0') || in_value(value))
}

/// The name in plain letters and digits, with a hyphen for everything between; empty where nothing is left.
#[must_use]
pub fn slug_of(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in deunicode::deunicode_with_tofu(name, "-").chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && c != '\'' {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_LENGTH);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use hg_types::ClientId;

    use super::*;

    fn fields(error: &ApiError) -> Vec<&str> {
        error.details().iter().map(|detail| detail.field.as_str()).collect()
    }

    #[test]
    fn slugs_of_names() {
        assert_eq!(slug_of("Cincinnati Electrician Co."), "cincinnati-electrician-co");
        assert_eq!(slug_of("  Bob's  Paving & Sons  "), "bobs-paving-sons");
        assert_eq!(slug_of("Müller & Söhne Straßenbau"), "muller-sohne-strassenbau");
        assert_eq!(slug_of("Bob’s Café"), "bobs-cafe");
        assert_eq!(slug_of("日本"), "ri-ben");
        assert_eq!(slug_of("!?…"), "");
        assert!(slug_of(&"ab ".repeat(90)).len() <= 100);
    }

    #[test]
    fn a_slug_must_read_well() {
        for bad in [
            "",
            "Upper",
            "two--hyphens",
            "-front",
            "back-",
            "sp ace",
            "под",
            "müller",
            "a_b",
            "a/b",
            "a\u{200b}b",
            "../etc",
            "018f3b2e7c0a70008000000000000000",
            &"x".repeat(101),
            "018f3b2e-7c0a-7000-8000-000000000000",
        ] {
            let error =
                check_change(UpdateClient { slug: Some(bad.to_owned()), ..UpdateClient::default() }).unwrap_err();
            assert_eq!(fields(&error), ["slug"], "{bad}");
        }
        assert!(
            check_change(UpdateClient { slug: Some("ohio-paving-2".to_owned()), ..UpdateClient::default() }).is_ok()
        );
    }

    #[test]
    fn every_bad_field_is_named() {
        let parent_id = ClientId(uuid::Uuid::nil());
        let mut metadata = Map::new();
        metadata.insert("x".to_owned(), "y".repeat(METADATA_BYTES).into());
        let new = CreateClient {
            name: " ".to_owned(),
            slug: Some("A".to_owned()),
            client_type: ClientType::Root,
            parent_id,
            metadata,
        };
        assert_eq!(fields(&check_new(new).unwrap_err()), ["name", "metadata", "type", "slug"]);
        let named = CreateClient {
            name: " Ohio Paving Co. ".to_owned(),
            slug: None,
            client_type: ClientType::Customer,
            parent_id,
            metadata: Map::new(),
        };
        let (new, slug) = check_new(named).unwrap();
        assert_eq!((new.name.as_str(), slug), ("Ohio Paving Co.", NewSlug::Made("ohio-paving-co".to_owned())));
    }
}
