//! Which fields belong together on the form, and what people call them. A field that isn't named here stands in the last
//! group, under its own name: a new one can be set before anybody has thought about where it belongs.

use hg_contracts::smm::FieldGuide;

use super::kind::Kind;
use crate::pages::{directory::facts::label_of, parts::Text};

/// A group: its element, its heading, its fields.
type Group = (&'static str, &'static str, &'static [&'static str]);

const STRATEGY: &[Group] = &[
    (
        "voice",
        "Voice",
        &["tone", "tone_words", "target_audience", "language", "technical_level", "technical_focus", "voice_samples"],
    ),
    ("brand", "Brand and terms", &["brand_guidelines", "brand_mentions", "required_terms", "banned_terms"]),
    (
        "shape",
        "Shape",
        &[
            "word_count_range",
            "subheading_count",
            "include_introduction",
            "include_conclusion",
            "meta_description_length",
        ],
    ),
    (
        "social",
        "Platforms",
        &["platforms", "character_limits", "hashtag_count", "post_timing", "hashtags", "include_emoji"],
    ),
    (
        "email",
        "E-mail",
        &[
            "subject_length",
            "preheader_length",
            "email_count",
            "include_postscript",
            "email_greeting",
            "email_signature",
        ],
    ),
    ("press", "Press", &["press_contact", "boilerplate"]),
    ("product", "Product", &["product_facts"]),
    ("action", "Call to action", &["call_to_action", "call_to_action_url", "include_cta"]),
    ("place", "Place", &["location_focus", "service_areas", "include_service_areas", "include_local_keywords"]),
    ("search", "Search", &["seo_keywords", "seo_focus"]),
];

const SEO_RULES: &[Group] = &[
    ("keyphrase", "Keyphrase", &["keyphrase_density", "keyphrase_in_headings"]),
    ("lengths", "Lengths", &["title_width", "meta_description_range", "text_length_min"]),
    ("checks", "Checks that don’t apply", &["skipped_checks"]),
];

const REST: (&str, &str) = ("more", "More");

/// The fields of a guide in their groups, in the order of the form.
pub(super) fn grouped(kind: Kind, fields: &[FieldGuide]) -> Vec<(Text, Text, Vec<&FieldGuide>)> {
    let table = match kind {
        Kind::Strategy => STRATEGY,
        Kind::SeoRules => SEO_RULES,
    };
    let known = |name: &str| table.iter().any(|(_, _, names)| names.contains(&name));
    let mut groups: Vec<(Text, Text, Vec<&FieldGuide>)> = table
        .iter()
        .map(|(id, title, names)| {
            let of_group = names.iter().filter_map(|name| fields.iter().find(|field| field.name == *name));
            (Text::Borrowed(*id), Text::Borrowed(*title), of_group.collect())
        })
        .collect();
    groups.push((REST.0.into(), REST.1.into(), fields.iter().filter(|field| !known(&field.name)).collect()));
    groups.retain(|(_, _, fields)| !fields.is_empty());
    groups
}

/// What people call a field; keys of `extras` keep their own names.
pub(super) fn label(name: &str) -> Text {
    let known = match name {
        "target_audience" => "Audience",
        "technical_focus" => "Go deep into",
        "technical_level" => "How much readers know",
        "brand_mentions" => "Mention",
        "word_count_range" => "Words",
        "subheading_count" => "Subheadings, at least",
        "meta_description_length" => "Longest meta description",
        "call_to_action_url" => "Address of the call to action",
        "include_cta" => "End with the call to action",
        "location_focus" => "Place",
        "include_service_areas" => "List the service areas",
        "include_local_keywords" => "Name the place in keywords",
        "seo_keywords" => "Keywords",
        "seo_focus" => "Search engines matter",
        "include_introduction" => "Introduction",
        "include_conclusion" => "Conclusion",
        "include_emoji" => "Emoji",
        "include_postscript" => "Postscript",
        "email_count" => "E-mails of a campaign",
        "email_greeting" => "Greeting",
        "email_signature" => "Signature",
        "subject_length" => "Longest subject line",
        "preheader_length" => "Longest preheader",
        "hashtag_count" => "Hashtags per post",
        "extras" => "Extras for templates",
        "keyphrase_density" => "Density of the keyphrase, %",
        "keyphrase_in_headings" => "Subheadings with the keyphrase, %",
        "title_width" => "Widest title, pixels",
        "meta_description_range" => "Meta description, characters",
        "text_length_min" => "Shortest text, words",
        "skipped_checks" => "Skipped checks",
        name => {
            return match name.strip_prefix("extras.") {
                Some(key) => format!("Extra “{key}”").into(),
                None => label_of(name).into(),
            };
        }
    };
    known.into()
}

#[cfg(test)]
mod tests {
    use hg_contracts::smm::FieldKind;

    use super::*;

    fn field(name: &str) -> FieldGuide {
        FieldGuide {
            name: name.to_owned(),
            about: String::new(),
            kind: FieldKind::Text,
            max_length: None,
            max_entries: None,
            min: None,
            max: None,
            suggestions: Vec::new(),
            built_in: None,
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_not_lost() {
        let fields = ["brand_new", "tone", "seo_keywords"].map(field);
        let shown: Vec<_> = grouped(Kind::Strategy, &fields)
            .into_iter()
            .map(|(id, _, fields)| (id, fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            shown,
            [
                ("voice".into(), vec!["tone"]),
                ("search".into(), vec!["seo_keywords"]),
                ("more".into(), vec!["brand_new"])
            ]
        );
        assert_eq!(label("brand_new"), "Brand new");
        assert_eq!(label("extras.mascot"), "Extra “mascot”");
    }
}
