//! Fields that may be set, as a table: what each is for, what it takes, and which content types it means something for.
//! Checks, the guide for forms and `docs/strategies.md` all come from it.

mod bounds;
mod guide;

use hg_types::ContentType;

pub use bounds::{Bounds, PLATFORMS, Suggested, judge, limit_of};
pub use guide::guide;

/// A field of a strategy or of SEO rules.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// The content types that it means something for.
    pub applies: &'static [ContentType],
    /// What it takes.
    pub bounds: Bounds,
    /// Values that a form offers.
    pub suggested: Suggested,
}

impl Field {
    /// A field for all content types.
    #[must_use]
    pub const fn new(name: &'static str, bounds: Bounds, about: &'static str) -> Self {
        Self { name, about, applies: ContentType::ALL, bounds, suggested: &[] }
    }

    /// The same for some content types only.
    #[must_use]
    pub const fn only(self, applies: &'static [ContentType]) -> Self {
        Self { applies, ..self }
    }

    /// The same with values to offer.
    #[must_use]
    pub const fn suggesting(self, suggested: Suggested) -> Self {
        Self { suggested, ..self }
    }

    /// Why the field can't be set for a content type, if it can't.
    #[must_use]
    pub fn refuses(&self, content_type: ContentType) -> Option<String> {
        if self.applies.contains(&content_type) {
            return None;
        }
        let names = self.applies.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        Some(format!("does not apply to {content_type}, only to {names}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{seo_rules::SEO_FIELDS, strategy::STRATEGY_FIELDS};

    fn takes(bounds: Bounds) -> String {
        match bounds {
            Bounds::Text(most) => format!("text of at most {most} characters"),
            Bounds::Lines(most, longest) => format!("at most {most} lines of {longest} characters"),
            Bounds::Words(most, longest) => format!("at most {most} words of {longest} characters"),
            Bounds::Texts(most, longest) => format!("at most {most} texts of {longest} characters"),
            Bounds::Flag => "true or false".to_owned(),
            Bounds::Number(from, to) => format!("number from {from} to {to}"),
            Bounds::Range(from, to) => format!("`[min, max]`, numbers from {from} to {to}"),
            Bounds::DecimalRange(from, to) => format!("`[min, max]`, decimals from {from} to {to}"),
            Bounds::Language => "BCP 47 tag".to_owned(),
            Bounds::Url => "http or https address".to_owned(),
            Bounds::Platforms => "list of platforms".to_owned(),
            Bounds::CharacterLimits | Bounds::HashtagCounts => "platform → number".to_owned(),
            Bounds::TextPerPlatform(most) => format!("platform → text of at most {most} characters"),
            Bounds::Choices(_) => "list of ids".to_owned(),
            Bounds::Extras => "object of at most 8 KiB".to_owned(),
        }
    }

    fn table(fields: &[Field]) -> String {
        let rows = fields.iter().map(|field| {
            let applies = match field.applies.len() {
                5 => "all".to_owned(),
                _ => field.applies.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
            };
            format!("| `{}` | {applies} | {} | {} |\n", field.name, takes(field.bounds), field.about)
        });
        rows.collect()
    }

    #[test]
    fn the_guide_has_every_field_with_its_bounds() {
        let guide = include_str!("../../../../docs/strategies.md");
        for fields in [STRATEGY_FIELDS, SEO_FIELDS] {
            let table = table(fields);
            assert!(guide.contains(&table), "docs/strategies.md lacks these rows:\n{table}");
        }
    }
}
