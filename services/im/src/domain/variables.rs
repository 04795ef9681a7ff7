//! The variables that a template is offered, with a sentence about each: the one list behind validation, the API and
//! `docs/templates.md`.

/// A variable that templates are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Whether it is defined for every prompt. Others must be tested first: `{% if location %}`.
    pub always: bool,
    /// What it is.
    pub about: &'static str,
}

const fn always(name: &'static str, about: &'static str) -> Variable {
    Variable { name, always: true, about }
}

const fn maybe(name: &'static str, about: &'static str) -> Variable {
    Variable { name, always: false, about }
}

/// Every variable, in the order of the documentation.
pub const OFFERED: &[Variable] = &[
    always("topic", "What the text is about."),
    always("content_type", "`blog_post`, `social_media`, `email_campaign`, `press_release` or `product_description`."),
    always("content_type_label", "The same for people: `Blog post`."),
    always(
        "client",
        "The client: `client.name`, `client.slug`, `client.id` and `client.metadata`, an object of facts about the firm.",
    ),
    always(
        "keywords",
        "The keywords of the request, else the strategy's `seo_keywords`; at most ten. A list, perhaps empty.",
    ),
    maybe(
        "focus_keyphrase",
        "The phrase that the text shall be found by: as requested, else the first keyword of the request.",
    ),
    maybe("target_audience", "Who shall read it."),
    maybe("tone", "How it shall sound."),
    always("tone_words", "Words that carry the tone. A list."),
    always("voice_samples", "Passages of the brand's own texts, of several lines each. A list."),
    maybe("language", "The language to write in, as a BCP 47 tag."),
    maybe("word_count_min", "The least number of words."),
    maybe("word_count_max", "The largest number of words."),
    maybe("word_count", "Both in one: `600–1000 words`."),
    maybe("length", "`short`, `medium` or `long`, as requested; already counted into the word range."),
    maybe("instructions", "What the person who asks adds in words of their own. Several lines."),
    maybe("brand_guidelines", "What the brand asks for. Several lines."),
    maybe("brand_mentions", "What to name where it fits."),
    maybe("call_to_action", "What the reader shall do in the end."),
    maybe("call_to_action_url", "Where the call to action leads: an address."),
    maybe(
        "location",
        "Where the reader is: the strategy's `location_focus`, else the location in the client's metadata.",
    ),
    always("service_areas", "Places that are served. A list."),
    always("seo_keywords", "Keywords that always matter to the client and aren't in `keywords`. A list."),
    always("required_terms", "Terms that must occur. A list."),
    always("banned_terms", "Terms that must not occur. A list."),
    maybe("technical_level", "How much the reader knows."),
    maybe("technical_focus", "What to go deep into."),
    maybe("seo_focus", "Whether search engines matter."),
    maybe("include_introduction", "Whether there is an introduction."),
    maybe("include_conclusion", "Whether there is a conclusion."),
    maybe("include_cta", "Whether the text ends with the call to action."),
    maybe("include_local_keywords", "Whether to name the place in keywords."),
    maybe("include_service_areas", "Whether to list the service areas."),
    maybe("subheading_count", "How many subheadings at least."),
    maybe("meta_description_length", "The longest meta description, in characters."),
    always(
        "platforms",
        "The platforms to write for. A list of objects: `name`, and where known `character_limit`, `hashtag_count`, `post_timing`.",
    ),
    always("hashtags", "Hashtags to choose from. A list."),
    maybe("include_emoji", "Whether emoji are welcome."),
    maybe("subject_length", "The longest subject line, in characters."),
    maybe("preheader_length", "The longest preheader, in characters."),
    maybe("email_greeting", "How an e-mail greets."),
    maybe("email_signature", "Who signs an e-mail. Perhaps several lines."),
    maybe("include_postscript", "Whether a postscript follows the signature."),
    maybe("email_count", "How many e-mails the campaign has."),
    maybe("press_contact", "Who answers the press."),
    maybe("boilerplate", "\"About the firm\", which closes a press release."),
    always("product_facts", "Facts that must be right. A list."),
    always(
        "seo",
        "The client's SEO rules, an object: `keyphrase_density_min` and `…_max`, `keyphrase_in_headings_min` and `…_max` (per cent), `title_width` (pixels), `meta_description_min` and `…_max` (characters), `text_length_min` (words). Each may be absent: test it, or give a default.",
    ),
    always(
        "extras",
        "Whatever else the strategy carries, as an object: test before printing, `{% if extras.include_diagrams %}`.",
    ),
];

/// The variable of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Variable> {
    OFFERED.iter().find(|variable| variable.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_every_variable_with_its_sentence() {
        let guide = include_str!("../../../../docs/templates.md");
        for variable in OFFERED {
            let always = if variable.always { "always" } else { "maybe" };
            let row = format!("| `{}` | {always} | {} |", variable.name, variable.about);
            assert!(guide.contains(&row), "docs/templates.md lacks the row\n{row}");
        }
    }
}
