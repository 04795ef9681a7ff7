//! SEO checks of articles.

use hg_quality::{Draft, SeoThresholds, Verdict, check, title_width};
use hg_types::ContentType;

use crate::support::{blog, find, prose, verdict};
use Verdict::{Bad, Good, Ok, Poor};

#[test]
fn keyphrase_in_introduction() {
    for (text, wanted) in [
        ("Upgrades of a panel are easy. More.\n\nSecond.", Good),
        ("A panel is a box. An upgrade is easy.", Ok),
        ("A panel is a box.\n\nA panel upgrade is easy.", Poor),
        ("- panel upgrade\n\nNothing here.", Poor),
    ] {
        assert_eq!(verdict(&blog(text), "keyphrase_in_introduction"), wanted, "{text}");
    }
}

#[test]
fn keyphrase_length() {
    let mut draft = blog("Text.");
    for (phrase, article, product) in [
        ("one", Good, Ok),
        ("red blue green white", Good, Good),
        ("red blue green white the of black", Ok, Good),
        ("red blue green white black grey pink", Ok, Ok),
        ("red blue green white black grey pink teal", Ok, Ok),
        ("red blue green white black grey pink teal gold", Poor, Poor),
    ] {
        draft.focus_keyphrase = Some(phrase.to_owned());
        draft.content_type = ContentType::BlogPost;
        assert_eq!(verdict(&draft, "keyphrase_length"), article, "{phrase}");
        draft.content_type = ContentType::ProductDescription;
        assert_eq!(verdict(&draft, "keyphrase_length"), product, "{phrase}");
    }
    draft.focus_keyphrase = Some("…".to_owned());
    assert_eq!(verdict(&draft, "keyphrase_set"), Bad);
    assert!(find(&check(&draft), "keyphrase_length").is_none());
}

/// A text of 1,000 words with the keyphrase so many times.
fn dense(times: usize) -> Draft {
    blog(format!("{}\n\n{}", "Panel upgrade. ".repeat(times), prose(1_000 - 2 * times)))
}

#[test]
fn keyphrase_density() {
    for (times, wanted) in [(0, Bad), (1, Poor), (4, Poor), (5, Good), (30, Good), (31, Poor), (40, Poor), (41, Bad)] {
        assert_eq!(verdict(&dense(times), "keyphrase_density"), wanted, "{times}");
    }
    let short = |words: usize| check(&blog(format!("Panel upgrade. Panel upgrade. {}", prose(words - 4))));
    assert!(find(&short(99), "keyphrase_density").is_none());
    assert!(find(&short(100), "keyphrase_density").is_some());
    // Once is too little, even where it is one per cent.
    let once = blog(format!("Panel upgrade. {}", prose(98)));
    assert_eq!(verdict(&once, "keyphrase_density"), Poor);
}

#[test]
fn keyphrase_in_title() {
    let mut draft = blog("Text.");
    for (title, wanted) in [
        ("Panel upgrade costs", Good),
        ("The Panel Upgrade, explained", Good),
        ("“Panel upgrade” explained", Good),
        ("Costs of a panel upgrade", Ok),
        ("Panel upgrades: costs", Ok),
        ("Upgrade your house", Poor),
        ("", Poor),
    ] {
        draft.title = title.to_owned();
        assert_eq!(verdict(&draft, "keyphrase_in_title"), wanted, "{title}");
    }
}

#[test]
fn title_width_at_600_pixels() {
    let mut draft = blog("Text.");
    // Fifty-three letters of 556 and one of 500 thousandths are 599.4 px at 20 px.
    draft.title = format!("{}c", "a".repeat(53));
    assert_eq!((title_width(&draft.title), verdict(&draft, "title_width")), (600, Good));
    draft.title.push('i');
    assert_eq!((title_width(&draft.title), verdict(&draft, "title_width")), (604, Poor));
    draft.title = "電".repeat(30);
    assert_eq!(verdict(&draft, "title_width"), Good);
    draft.title = "電".repeat(31);
    assert_eq!(verdict(&draft, "title_width"), Poor);
    draft.title = String::new();
    assert_eq!(verdict(&draft, "title_width"), Bad);
}

#[test]
fn meta_description_length_in_characters() {
    let mut draft = blog("Text.");
    for (length, wanted) in [(0, Bad), (1, Ok), (120, Ok), (121, Good), (156, Good), (157, Ok)] {
        draft.meta_description = Some("ü".repeat(length));
        assert_eq!(verdict(&draft, "meta_description_length"), wanted, "{length}");
    }
    draft.meta_description = None;
    assert_eq!(verdict(&draft, "meta_description_length"), Bad);
}

#[test]
fn keyphrase_in_meta_description() {
    let mut draft = blog("Text.");
    for (meta, wanted) in [
        ("Nothing.", Poor),
        ("A panel upgrade.", Good),
        ("A panel upgrade. Upgrades of panels.", Good),
        ("Panel upgrade, panel upgrade, panel upgrade.", Poor),
    ] {
        draft.meta_description = Some(meta.to_owned());
        assert_eq!(verdict(&draft, "keyphrase_in_meta_description"), wanted, "{meta}");
    }
}

#[test]
fn keyphrase_in_subheadings() {
    let with = |with: usize, without: usize| {
        blog(format!("{}{}", "## Panel upgrade\n\nA.\n\n".repeat(with), "### Other\n\nA.\n\n".repeat(without)))
    };
    for (yes, no, wanted) in
        [(0, 0, Poor), (0, 3, Poor), (1, 0, Good), (3, 7, Good), (2, 5, Poor), (3, 1, Good), (4, 1, Poor), (2, 0, Poor)]
    {
        assert_eq!(verdict(&with(yes, no), "keyphrase_in_subheadings"), wanted, "{yes} of {}", yes + no);
    }
    // H4 isn't looked at.
    assert_eq!(verdict(&blog("#### Panel upgrade\n\nA."), "keyphrase_in_subheadings"), Poor);
}

#[test]
fn keyphrase_in_slug() {
    let mut draft = blog("Text.");
    assert!(find(&check(&draft), "keyphrase_in_slug").is_none());
    for (phrase, slug, wanted) in [
        ("panel upgrade", "panel-upgrades-explained", Good),
        ("panel upgrade", "panel-costs", Ok),
        ("home panel upgrade", "panel-upgrade", Good),
        ("old home panel upgrade", "panel-upgrade", Ok),
    ] {
        draft.focus_keyphrase = Some(phrase.to_owned());
        draft.slug = Some(slug.to_owned());
        assert_eq!(verdict(&draft, "keyphrase_in_slug"), wanted, "{phrase} {slug}");
    }
}

#[test]
fn further_keywords() {
    let mut draft = blog("Safe wiring in old houses. Breakers trip.");
    draft.keywords = ["panel upgrade", "wiring", "breaker"].map(str::to_owned).to_vec();
    assert_eq!(verdict(&draft, "further_keywords"), Good);
    draft.keywords.push("surge protection".to_owned());
    assert_eq!(verdict(&draft, "further_keywords"), Ok);
    draft.keywords.extend(["solar", "battery"].map(str::to_owned));
    assert_eq!(verdict(&draft, "further_keywords"), Poor);
    let advice = find(&check(&draft), "further_keywords").unwrap().advice.clone();
    assert_eq!(advice, "Work in: surge protection, solar, battery.");
}

#[test]
fn text_length() {
    for (words, wanted) in [(300, Good), (299, Ok), (250, Ok), (249, Poor), (200, Poor), (199, Bad)] {
        assert_eq!(verdict(&blog(prose(words)), "text_length"), wanted, "{words}");
    }
    let mut product = blog(prose(200));
    product.content_type = ContentType::ProductDescription;
    assert_eq!(verdict(&product, "text_length"), Good);
    product.markdown = prose(199);
    assert_eq!(verdict(&product, "text_length"), Ok);
}

#[test]
fn one_main_heading() {
    assert_eq!(verdict(&blog("## Two\n\nText."), "single_h1"), Good);
    assert_eq!(verdict(&blog("# One more\n\nText."), "single_h1"), Poor);
    let mut untitled = blog("# The one\n\nText.");
    untitled.title = String::new();
    assert_eq!(verdict(&untitled, "single_h1"), Good);
}

#[test]
fn a_clients_thresholds_take_the_place_of_the_usual_ones() {
    let mut draft = blog(format!("{} panel upgrade. The panel upgrade pays.", prose(240)));
    assert_eq!([verdict(&draft, "text_length"), verdict(&draft, "keyphrase_density")], [Poor, Good]);
    draft.rules.seo = SeoThresholds {
        keyphrase_density: Some((2.0, 4.0)),
        keyphrase_in_headings: Some((0, 100)),
        title_width: Some(100),
        meta_description_range: Some((20, 120)),
        text_length_min: Some(240),
        skipped_checks: vec!["keyphrase_in_title".to_owned()],
    };
    assert_eq!([verdict(&draft, "text_length"), verdict(&draft, "keyphrase_density")], [Good, Poor]);
    assert_eq!([verdict(&draft, "keyphrase_in_subheadings"), verdict(&draft, "title_width")], [Good, Poor]);
    let report = check(&draft);
    assert_eq!(find(&report, "meta_description_length").unwrap().threshold, "20–120 characters");
    assert_eq!(find(&report, "keyphrase_density").unwrap().threshold, "2–4 %");
    assert!(find(&report, "keyphrase_in_title").is_none());
}
