//! The report as a whole.

use hg_quality::{Report, check, parse};
use hg_types::ContentType;

use crate::support::{blog, prose};

/// A text that keeps every rule.
fn exemplary() -> hg_quality::Draft {
    let part = "First, a panel upgrade starts with a short visit. However, no two houses are alike. Your electrician looks at \
                the wires. Then he explains each step and its price. You compare two or three offers. As a result, the \
                budget holds. Most teams finish within a day. Next, the city sends an inspector. He looks at the box and \
                signs a paper. Because everything is in order, the lights go on again. ";
    let other = part.replace("a panel upgrade", "the work");
    let text = format!(
        "A panel upgrade keeps a house safe.\n\n{part}\n\n## Panel upgrade costs\n\n{part}\n\n## Time\n\n{other}\n\n## Panel upgrade rules\n\n{part}\n\n## Next steps\n\n{other}"
    );
    blog(text)
}

#[test]
fn an_exemplary_text_has_a_full_score() {
    let report = check(&exemplary());
    let weak: Vec<_> = report
        .groups
        .iter()
        .flat_map(|group| &group.checks)
        .filter(|it| it.verdict != hg_quality::Verdict::Good)
        .collect();
    assert!(weak.is_empty(), "{weak:?}");
    assert_eq!((report.score_seo, report.score_readability, report.score, report.passed), (100, 100, 100, true));
}

#[test]
fn a_report_survives_json_and_explains_itself() {
    let mut draft = blog(prose(120));
    draft.rules.word_count_range = Some((600, 1_000));
    let report = check(&draft);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    assert_eq!(report, check(&draft));
    assert_eq!(report.groups.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["seo", "readability", "strategy"]);
    let all: Vec<_> = report.groups.iter().flat_map(|group| &group.checks).collect();
    let mut ids: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    for it in all {
        assert!(!it.value.is_empty() && !it.threshold.is_empty() && it.advice.ends_with('.'), "{it:?}");
    }
}

#[test]
fn whatever_comes_in_a_report_comes_out() {
    let odd = [
        "",
        "#",
        "```",
        "* * *",
        "[",
        "{{",
        "[[[[",
        "<",
        "\u{0}",
        "🎉🎉",
        "a\u{301}\u{200d}",
        "| |\n|-|\n",
        "。！？",
        "# \n\n## \n",
        "[Your",
        "Subject:",
        "## twitter",
    ];
    for text in odd {
        for content_type in ContentType::ALL {
            let parsed = parse(*content_type, text);
            let mut draft = hg_quality::Draft::from_parsed(*content_type, &parsed);
            for phrase in ["", "\"", "the", "ü"] {
                draft.focus_keyphrase = Some(phrase.to_owned());
                let report = check(&draft);
                assert!(report.score <= 100);
            }
        }
    }
}

/// How long it takes is the benchmark's business.
#[test]
fn a_long_text_is_checked_against_many_terms() {
    let mut draft = exemplary();
    draft.markdown = draft.markdown.repeat(7);
    draft.keywords = (0..10).map(|n| format!("keyword number {n}")).collect();
    draft.rules.banned_terms = (0..20).map(|n| format!("banned term {n}")).collect();
    draft.rules.call_to_action = Some("contact for quote".to_owned());
    let clean = check(&draft);
    assert!(clean.insights.word_count > 2_000);
    draft.markdown.push_str("\n\nAt its very end stands banned term 19.\n");
    let found = |report| format!("{report:?}").contains("banned term 19");
    assert!(found(check(&draft)) && !found(clean));
}

#[test]
fn random_marks_are_survived() {
    let bits = [
        "#",
        "# ",
        "\n",
        "\n\n",
        "`",
        "```",
        "*",
        "**",
        "[Your",
        "]",
        "{",
        "{{",
        "}}",
        "<",
        ">",
        "ü",
        "日本",
        "🎉",
        ".",
        "!”",
        "Subject:",
        "Meta description:",
        "## twitter",
        "panel",
        " upgrade ",
        "is built",
        "- ",
        "|",
        ":",
        "https://e.test",
        "'s",
        "n't",
        "\u{301}",
    ];
    let mut state = 7_u64;
    for _ in 0..1_500 {
        let text: String = (0..20)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                bits[usize::try_from(state >> 33).unwrap() % bits.len()]
            })
            .collect();
        for content_type in ContentType::ALL {
            let mut draft = hg_quality::Draft::from_parsed(*content_type, &parse(*content_type, &text));
            draft.focus_keyphrase = Some("panel upgrade".to_owned());
            draft.slug = Some(text.clone());
            draft.rules.call_to_action = Some(text.clone());
            assert!(check(&draft).score <= 100);
        }
    }
}
