//! What the pages about one strategy have in common, and each field with where its value comes from.

use std::collections::BTreeMap;

use hg_contracts::smm::{Explanation, FieldGuide, FieldKind, PlatformGuide, ValueSource};
use hg_types::ContentType;
use serde_json::{Map, Value};

use super::{
    FieldInput, FieldView, Heading, SourceView,
    fields::{NONE, RULE, Typed, part, parts_of},
    groups::label,
    kind::{Kind, Own, Spot},
    values::{short, words},
};
use crate::pages::{
    content::strategy::platform,
    directory::facts::label_of,
    format,
    parts::{Choice, Text, content_type_icon},
    place::{Part, Place, TabLink},
    visit::Visit,
};

/// A text of more characters than this has an area.
const ONE_LINE: usize = 200;
/// Characters of an inherited value that are shown: its own page has all of it.
const MOST_SHOWN: usize = 300;

/// Which of the pages about one strategy is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Form,
    History,
}

/// What stands above.
pub(super) fn heading(visit: &Visit, place: &Place, spot: &Spot, own: Option<&Own>, leaf: Leaf) -> Heading {
    let kind = spot.kind.label();
    let title =
        format!("{}: {}", spot.content_type.label(), if spot.kind == Kind::Strategy { "strategy" } else { kind });
    let state = match own {
        Some(own) if own.is_active => {
            format!("Version {}, saved {}", own.version, format::relative(own.saved_at, visit.now()))
        }
        Some(own) => format!("Out of force since version {}: everything is inherited", own.version),
        None => "Nothing of its own: everything is inherited".to_owned(),
    };
    let tab = |it: Leaf, label: &'static str, icon: &'static str, rest: &str| TabLink {
        label: label.into(),
        icon: icon.into(),
        href: spot.href(place, rest),
        current: it == leaf,
    };
    Heading {
        head: place.head(visit, Part::Strategies),
        title: title.into(),
        state,
        others: others(place, spot),
        tabs: vec![
            tab(Leaf::Form, "What it says", "file-text", ""),
            tab(Leaf::History, "Versions", "history", "/history"),
        ],
    }
}

/// The other content types, and the other kind.
fn others(place: &Place, spot: &Spot) -> Vec<TabLink> {
    let link = |kind: Kind, content_type: ContentType| {
        let it = Spot { slug: spot.slug.clone(), kind, content_type };
        let label: Text = match kind {
            Kind::Strategy => content_type.label().into(),
            Kind::SeoRules => format!("{}: SEO rules", content_type.label()).into(),
        };
        TabLink {
            label,
            icon: content_type_icon(content_type).into(),
            href: it.href(place, ""),
            current: (kind, content_type) == (spot.kind, spot.content_type),
        }
    };
    let mut others = Vec::new();
    for &content_type in ContentType::ALL {
        others.extend(
            Kind::ALL.into_iter().filter(|kind| kind.applies(content_type)).map(|kind| link(kind, content_type)),
        );
    }
    others
}

/// What is known of values and where they come from.
pub(super) struct Known<'a> {
    pub(super) place: &'a Place,
    pub(super) spot: &'a Spot,
    pub(super) platforms: &'a [PlatformGuide],
    /// What the client says itself.
    pub(super) own: Option<&'a Map<String, Value>>,
    /// What holds, and what that overrides.
    pub(super) explanation: &'a BTreeMap<String, Explanation>,
}

impl Known<'_> {
    /// A field with what stands in its inputs.
    pub(super) fn field(&self, guide: &FieldGuide, inputs: &Typed) -> FieldView {
        let is_own = self.own.is_some_and(|own| own.contains_key(&guide.name));
        let (source, without) = self.sources(guide, is_own);
        // What a field that is left empty gets: said in the field itself.
        let inherited = without.as_ref().unwrap_or(&source).value.clone();
        let held = self.inherited(guide);
        let text = |name: &str| inputs.get(name).cloned().unwrap_or_default();
        let control = control(guide);
        FieldView {
            id: guide.name.clone(),
            label: label(&guide.name),
            hint: hint(guide),
            value: text(&guide.name),
            placeholder: if control == "flag" { inherited } else { first_line(&inherited) },
            options: options(guide),
            inputs: self.inputs(guide, inputs, held.as_ref()),
            step: if guide.kind == FieldKind::DecimalRange { "any" } else { "1" }.into(),
            min: guide.min.map(|it| it.to_string()).unwrap_or_default(),
            max: guide.max.map(|it| it.to_string()).unwrap_or_default(),
            max_length: match guide.kind {
                FieldKind::Text | FieldKind::Url | FieldKind::Language => guide.max_length,
                _ => None,
            }
            .map(|it| it.to_string())
            .unwrap_or_default(),
            rows: match guide.kind {
                FieldKind::Texts => 8,
                FieldKind::Text if guide.max_length > Some(2_000) => 8,
                FieldKind::Lines | FieldKind::Extras => 4,
                _ => 3,
            },
            none: matches!(guide.kind, FieldKind::Lines | FieldKind::Texts | FieldKind::Choices)
                .then(|| inputs.contains_key(&part(guide, NONE))),
            is_own,
            source,
            without: without.filter(|_| is_own),
            wide: matches!(control, "area" | "many" | "ticks"),
            control: control.into(),
        }
    }

    /// Where what holds comes from; and for the client's own value what would hold without it.
    fn sources(&self, guide: &FieldGuide, is_own: bool) -> (SourceView, Option<SourceView>) {
        if guide.kind == FieldKind::Extras {
            return (self.extras(is_own), None);
        }
        let nobody =
            || SourceView { level: "nobody".into(), label: "nobody says anything".to_owned(), ..SourceView::default() };
        let Some(explained) = self.explained(&guide.name) else { return (nobody(), is_own.then(nobody)) };
        let holds = self.source(&explained.source, &explained.value);
        if !is_own {
            return (holds, None);
        }
        let below = explained.overridden.first().map(|it| self.source(&it.source, &it.value));
        (holds, Some(below.unwrap_or_else(nobody)))
    }

    /// `extras` are inherited key by key.
    fn extras(&self, is_own: bool) -> SourceView {
        let prefix = format!("{}extras.", self.spot.kind.prefixes().1);
        let keys = self.explanation.iter().filter_map(|(name, it)| {
            let key = name.strip_prefix(&prefix)?;
            let source = self.source(&it.source, &it.value);
            let whose = if source.level == "own" { "its own".to_owned() } else { source.label };
            Some(format!("{key}: {} ({whose})", short(&it.value)))
        });
        let keys: Vec<String> = keys.collect();
        let (level, label) = match (keys.is_empty(), is_own) {
            (true, _) => ("nobody", "nobody says anything"),
            (false, true) => ("own", "key by key over what is inherited"),
            (false, false) => ("above", "key by key"),
        };
        SourceView { level: level.into(), label: label.to_owned(), href: None, value: keys.join("\n") }
    }

    fn explained(&self, name: &str) -> Option<&Explanation> {
        self.explanation.get(&format!("{}{name}", self.spot.kind.prefixes().1))
    }

    /// The value that the client would inherit.
    fn inherited(&self, guide: &FieldGuide) -> Option<Value> {
        let explained = self.explained(&guide.name)?;
        if explained.source.client_id == Some(self.place.client.id) {
            return explained.overridden.first().map(|it| it.value.clone());
        }
        Some(explained.value.clone())
    }

    fn source(&self, source: &ValueSource, value: &Value) -> SourceView {
        let value = cut(&words(value), MOST_SHOWN);
        let Some(id) = source.client_id else {
            return SourceView { level: "built_in".into(), label: "built in".to_owned(), href: None, value };
        };
        let version = source.version.map(|version| format!("version {version}")).unwrap_or_default();
        if id == self.place.client.id {
            return SourceView { level: "own".into(), label: version, href: None, value };
        }
        let name = source.client_name.as_deref().unwrap_or("a client above");
        let above = self.place.ancestors.iter().find(|client| client.id == id);
        let href = above.map(|client| {
            format!("/clients/{}/{}/{}", client.slug, self.spot.kind.path(), self.spot.content_type.as_str())
        });
        let label = if version.is_empty() { name.to_owned() } else { format!("{name}, {version}") };
        SourceView { level: "above".into(), label, href, value }
    }

    fn inputs(&self, guide: &FieldGuide, inputs: &Typed, held: Option<&Value>) -> Vec<FieldInput> {
        let placeholder = |place: usize, name: &str| match held {
            Some(Value::Array(ends)) if matches!(guide.kind, FieldKind::Range | FieldKind::DecimalRange) => {
                ends.get(place).map(words).unwrap_or_default()
            }
            Some(Value::Object(pairs)) => pairs.get(name).map(words).unwrap_or_default(),
            _ => String::new(),
        };
        let name_of = |name: &str| -> Text {
            match guide.kind {
                FieldKind::Range | FieldKind::DecimalRange if name == "min" => "From".into(),
                FieldKind::Range | FieldKind::DecimalRange => "To".into(),
                FieldKind::Choices => label_of(name).into(),
                _ => platform(name).into(),
            }
        };
        let parts = parts_of(guide, self.platforms);
        let views = parts.iter().enumerate().map(|(place, name)| {
            let id = part(guide, name);
            FieldInput {
                label: name_of(name),
                value: inputs.get(&id).cloned().unwrap_or_default(),
                ticked: inputs.contains_key(&id),
                placeholder: placeholder(place, name),
                id,
            }
        });
        views.collect()
    }
}

fn control(guide: &FieldGuide) -> &'static str {
    match guide.kind {
        FieldKind::Text if guide.max_length.is_some_and(|most| most <= ONE_LINE) => "text",
        FieldKind::Language | FieldKind::Url => "text",
        FieldKind::Text | FieldKind::Lines | FieldKind::Texts | FieldKind::Extras => "area",
        FieldKind::Flag => "flag",
        FieldKind::Number => "number",
        FieldKind::Range | FieldKind::DecimalRange | FieldKind::NumberPerPlatform | FieldKind::TextPerPlatform => {
            "many"
        }
        FieldKind::Platforms | FieldKind::Choices => "ticks",
    }
}

fn options(guide: &FieldGuide) -> Vec<Choice> {
    match guide.kind {
        FieldKind::Flag => vec![Choice::new("true", "Yes"), Choice::new("false", "No")],
        FieldKind::Choices => Vec::new(),
        _ => guide.suggestions.iter().map(|it| Choice::new(it.clone(), it.clone())).collect(),
    }
}

/// What the field is for, and how it is filled.
fn hint(guide: &FieldGuide) -> String {
    let count = |number: usize| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let most = guide.max_length.map(count).unwrap_or_default();
    let entries = guide.max_entries.map(count).unwrap_or_default();
    let range = match (guide.min, guide.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        _ => String::new(),
    };
    let how = match guide.kind {
        FieldKind::Text if most.is_empty() => String::new(),
        FieldKind::Text => format!("At most {most} characters."),
        FieldKind::Lines => format!("One per line; at most {entries}, of {most} characters."),
        FieldKind::Texts => {
            format!("At most {entries}, of {most} characters, with a line {RULE} between (\\{RULE} inside of one).")
        }
        FieldKind::Number | FieldKind::Range | FieldKind::DecimalRange => format!("{range}."),
        FieldKind::Extras => "A JSON object of at most 8 KiB.".to_owned(),
        _ => String::new(),
    };
    if how.is_empty() { guide.about.clone() } else { format!("{} {how}", guide.about) }
}

/// What fits into a placeholder.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let shown = cut(line, 100);
    // A mark that there is more, once.
    if line.len() < text.len() && !shown.ends_with('…') { format!("{shown}…") } else { shown }
}

/// The beginning of a text, with a mark where something was left out.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(most).collect();
    format!("{}…", beginning.trim_end())
}
