//! What a variable is: the record that each look-up leaves, and the page made from these records.
//!
//! It must not read anything: it only describes what was looked up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One environment variable as one service understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableSpec {
    /// The canonical name.
    pub name: &'static str,
    /// Older names that are understood too, with a warning.
    pub aliases: Vec<&'static str>,
    /// The default, as shown to a reader.
    pub default: Option<String>,
    /// Whether the service refuses to start without it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// One sentence on what it means.
    pub doc: &'static str,
    /// The service that reads it.
    pub service: String,
}

/// Renders `docs/configuration.md` from what the services' look-ups recorded.
///
/// Variables that several services read come first, then one section per service, each in alphabetical order.
#[must_use]
pub fn render_markdown(specs: &[VariableSpec]) -> String {
    let mut by_name: BTreeMap<&str, Vec<&VariableSpec>> = BTreeMap::new();
    for spec in specs {
        let same = by_name.entry(spec.name).or_default();
        if !same.iter().any(|known| known.service == spec.service) {
            same.push(spec);
        }
    }
    let mut sections: BTreeMap<(bool, String), Vec<&Vec<&VariableSpec>>> = BTreeMap::new();
    for readers in by_name.values() {
        let alone = readers.len() == 1;
        let title = if alone { readers[0].service.clone() } else { "Shared".to_owned() };
        sections.entry((alone, title)).or_default().push(readers);
    }
    let mut page = String::from(
        "# Configuration\n\n<!-- Generated from the code that reads the environment: do not edit. -->\n\n\
         An empty value counts as not set. Older names work, with a warning at the start.\n\
         Any variable may also be given as `NAME_FILE`: the path of a file that holds the value, as container engines\n\
         hand over secrets. Giving both is an error.\n",
    );
    for ((_, title), variables) in sections {
        let _ = write!(page, "\n## {title}\n\n| variable | needed by | default | meaning |\n|---|---|---|---|\n");
        for readers in variables {
            page.push_str(&row(readers));
        }
    }
    page
}

fn row(readers: &[&VariableSpec]) -> String {
    let first = readers[0];
    let services = readers
        .iter()
        .map(|spec| if spec.required { format!("**{}**", spec.service) } else { spec.service.clone() })
        .collect::<Vec<_>>()
        .join(", ");
    let mut defaults: Vec<(String, Vec<&str>)> = Vec::new();
    for spec in readers {
        let shown = match (&spec.default, spec.required) {
            (Some(value), _) => format!("`{}`", cell(value)),
            (None, true) => "required".to_owned(),
            (None, false) => "none".to_owned(),
        };
        match defaults.iter_mut().find(|(value, _)| *value == shown) {
            Some((_, services)) => services.push(&spec.service),
            None => defaults.push((shown, vec![&spec.service])),
        }
    }
    let default = if let [(only, _)] = defaults.as_slice() {
        only.clone()
    } else {
        defaults
            .iter()
            .map(|(value, services)| format!("{}: {value}", services.join(", ")))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let mut meaning = cell(first.doc);
    let mut aliases: Vec<&str> = Vec::new();
    for alias in readers.iter().flat_map(|spec| &spec.aliases) {
        if !aliases.contains(alias) {
            aliases.push(alias);
        }
    }
    if !aliases.is_empty() {
        let names = aliases.iter().map(|alias| format!("`{alias}`")).collect::<Vec<_>>().join(", ");
        let _ = write!(meaning, " Also understood: {names}.");
    }
    if first.secret {
        meaning.push_str(" **Secret.**");
    }
    format!("| `{}` | {services} | {default} | {meaning} |\n", first.name)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &'static str, service: &str, default: Option<&str>) -> VariableSpec {
        VariableSpec {
            name,
            aliases: vec![],
            default: default.map(str::to_owned),
            required: default.is_none(),
            secret: false,
            doc: "What it means.",
            service: service.into(),
        }
    }

    #[test]
    fn shared_variables_come_first_and_defaults_differ_by_service() {
        let page = render_markdown(&[
            spec("ZED", "cpm", None),
            spec("PORT", "cpm", Some("8000")),
            spec("PORT", "im", Some("8001")),
            spec("PORT", "im", Some("8001")),
        ]);
        let port = page.find("| `PORT` | cpm, im | cpm: `8000`; im: `8001` | What it means. |").unwrap();
        let zed = page.find("| `ZED` | **cpm** | required | What it means. |").unwrap();
        assert!(page.find("## Shared").unwrap() < port && port < page.find("## cpm").unwrap());
        assert!(page.find("## cpm").unwrap() < zed);
        assert_eq!(page.matches("`PORT`").count(), 1);
    }
}
