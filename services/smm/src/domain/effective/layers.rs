//! Fields laid over each other: the first layer that says something about a field decides.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Detail;

/// What the layers so far come to.
#[derive(Debug)]
pub(super) struct Layers {
    detail: Detail,
    count: usize,
    /// By path: the layer that decides.
    decided: BTreeMap<String, usize>,
    values: Map<String, Value>,
    /// By path: later layers' values, where they are told.
    overridden: BTreeMap<String, Vec<(usize, Value)>>,
}

/// A value with its layer, and what it overrides.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) place: usize,
    pub(super) overridden: Vec<(usize, Value)>,
}

impl Layers {
    pub(super) fn new(detail: Detail) -> Self {
        Self { detail, count: 0, decided: BTreeMap::new(), values: Map::new(), overridden: BTreeMap::new() }
    }

    /// Lays fields below all that came before.
    pub(super) fn add(&mut self, fields: Map<String, Value>) {
        for (name, value) in fields {
            match value {
                Value::Object(extras) if name == "extras" => {
                    for (key, value) in extras {
                        if let Some(value) = self.decide(format!("extras.{key}"), value) {
                            let known = self.values.entry("extras").or_insert_with(|| Value::Object(Map::new()));
                            if let Some(known) = known.as_object_mut() {
                                known.insert(key, value);
                            }
                        }
                    }
                }
                value => {
                    if let Some(value) = self.decide(name.clone(), value) {
                        self.values.insert(name, value);
                    }
                }
            }
        }
        self.count += 1;
    }

    /// Of two lists that contradict each other where they have something in common, the one from the nearer layer wins: the
    /// other loses what is in both. Case doesn't matter.
    pub(super) fn settle(&mut self, one: &str, other: &str) {
        let place = |path: &str| self.decided.get(path).copied();
        let (Some(first), Some(second)) = (place(one), place(other)) else { return };
        let (nearer, farther) = if first <= second { (one, other) } else { (other, one) };
        let lower = |term: &Value| term.as_str().map(str::to_lowercase);
        let wins: Vec<_> = self.values.get(nearer).and_then(Value::as_array).into_iter().flatten().map(lower).collect();
        if let Some(terms) = self.values.get_mut(farther).and_then(Value::as_array_mut) {
            terms.retain(|term| !wins.contains(&lower(term)));
        }
    }

    /// Gives the value back if it decides.
    fn decide(&mut self, path: String, value: Value) -> Option<Value> {
        if !self.decided.contains_key(&path) {
            self.decided.insert(path, self.count);
            return Some(value);
        }
        if self.detail == Detail::Overridden {
            self.overridden.entry(path).or_default().push((self.count, value));
        }
        None
    }

    /// Every value that decides, with what it overrides.
    pub(super) fn told(&self) -> impl Iterator<Item = Told> {
        self.decided.iter().filter_map(|(path, place)| {
            let value = match path.strip_prefix("extras.") {
                Some(key) => self.values.get("extras")?.get(key)?,
                None => self.values.get(path)?,
            };
            let overridden = self.overridden.get(path).cloned().unwrap_or_default();
            Some(Told { path: path.clone(), value: value.clone(), place: *place, overridden })
        })
    }

    /// The values, and for each the layer that decided.
    pub(super) fn into_values(self) -> (Map<String, Value>, BTreeMap<String, usize>) {
        (self.values, self.decided)
    }
}
