//! What strategies demand.

use hg_quality::{Draft, Verdict, check, parse};
use hg_types::ContentType;

use crate::support::{blog, find, prose, verdict};
use Verdict::{Good, Ok, Poor};

#[test]
fn word_count_range() {
    for (words, wanted) in [(89, Poor), (90, Ok), (99, Ok), (100, Good), (200, Good), (201, Ok), (220, Ok), (221, Poor)]
    {
        let mut draft = blog(prose(words));
        draft.rules.word_count_range = Some((100, 200));
        assert_eq!(verdict(&draft, "word_count"), wanted, "{words}");
    }
}

#[test]
fn subheading_count() {
    for (count, wanted) in [(3, Good), (4, Good), (2, Ok), (1, Poor), (0, Poor)] {
        let mut draft = blog(format!("Text.\n\n{}", "## Head\n\nText.\n\n".repeat(count)));
        draft.rules.subheading_count = Some(3);
        assert_eq!(verdict(&draft, "subheading_count"), wanted, "{count}");
    }
}

#[test]
fn required_terms_are_whole_words_anywhere() {
    let mut draft = blog("We use GFCI outlets. Größe zählt.");
    draft.rules.required_terms = ["gfci", "größe", "costs"].map(str::to_owned).to_vec();
    assert_eq!(verdict(&draft, "required_terms"), Good);
    draft.rules.required_terms.push("outlet".to_owned());
    assert_eq!(verdict(&draft, "required_terms"), Poor);
    assert_eq!(find(&check(&draft), "required_terms").unwrap().value, "missing: outlet");
}

#[test]
fn tone_words() {
    let mut draft = blog("Reliable work.");
    draft.rules.tone_words = ["reliable", "friendly"].map(str::to_owned).to_vec();
    assert_eq!(verdict(&draft, "tone_words"), Good);
    draft.markdown = "Work.".to_owned();
    assert_eq!(verdict(&draft, "tone_words"), Ok);
}

#[test]
fn call_to_action() {
    for (text, wanted) in [
        ("Contact us today for a free quote.", Good),
        ("## Contact for quote\n\nNow.", Good),
        ("Request your free quote. Contact nobody.", Poor),
        ("Nothing here.", Poor),
    ] {
        let mut draft = blog(text);
        draft.rules.call_to_action = Some("contact for quote".to_owned());
        assert_eq!(verdict(&draft, "call_to_action"), wanted, "{text}");
    }
    let mut draft = blog("Schedule a visit.");
    draft.rules.call_to_action = Some("schedule free visit".to_owned());
    assert_eq!(verdict(&draft, "call_to_action"), Ok);
}

#[test]
fn location() {
    for (text, wanted) in
        [("In Cincinnati, Ohio we work.", Good), ("In Cincinnati we work.", Good), ("In Ohio we work.", Poor)]
    {
        let mut draft = blog(text);
        draft.rules.location = Some("Cincinnati, Ohio".to_owned());
        assert_eq!(verdict(&draft, "location"), wanted, "{text}");
    }
}

#[test]
fn meta_description_limit() {
    let mut draft = blog("Text.");
    draft.rules.meta_description_length = Some(160);
    draft.meta_description = Some("é".repeat(160));
    assert_eq!(verdict(&draft, "meta_description_limit"), Good);
    draft.meta_description = Some("é".repeat(161));
    assert_eq!(verdict(&draft, "meta_description_limit"), Poor);
}

#[test]
fn nothing_demanded_nothing_checked() {
    let report = check(&blog("Text."));
    assert!(report.groups.iter().find(|group| group.name == "strategy").unwrap().checks.is_empty());
}

#[test]
fn the_link_of_the_call_to_action_is_looked_for() {
    let mut draft = blog("Ask us for a [quote](https://example.com/quote).");
    draft.rules.call_to_action_url = Some("https://example.com/quote".to_owned());
    assert_eq!(verdict(&draft, "call_to_action_link"), Good);
    draft.markdown = "Ask us: https://example.com/quotes".to_owned();
    assert_eq!(verdict(&draft, "call_to_action_link"), Poor);
    for good in ["See https://example.com/quote.", "**https://example.com/quote/**", "<https://example.com/quote>"] {
        draft.markdown = good.to_owned();
        assert_eq!(verdict(&draft, "call_to_action_link"), Good, "{good}");
    }
    draft.rules.call_to_action_url = None;
    assert!(find(&check(&draft), "call_to_action_link").is_none());
}

#[test]
fn the_parts_of_an_e_mail_keep_the_strategys_limits() {
    let text = "Subject: Panel upgrades\nPreheader: What they cost\n\nHello,\n\nWe help.";
    let mut draft = Draft::from_parsed(ContentType::EmailCampaign, &parse(ContentType::EmailCampaign, text));
    assert!(find(&check(&draft), "subject_limit").is_none());
    draft.rules.subject_length = Some(14);
    draft.rules.preheader_length = Some(14);
    assert_eq!([verdict(&draft, "subject_limit"), verdict(&draft, "preheader_limit")], [Good, Good]);
    draft.rules.subject_length = Some(13);
    assert_eq!(verdict(&draft, "subject_limit"), Poor);
    assert_eq!(find(&check(&draft), "subject_limit").unwrap().advice, "Shorten the subject by 1 character.");
}
