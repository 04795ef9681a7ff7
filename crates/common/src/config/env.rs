//! The reader itself: it finds values, and collects what was looked up and what is wrong. One look-up is a
//! [`Variable`].
//!
//! Any variable may also be given as `NAME_FILE`, the path of a file that holds the value: that is how container engines
//! hand over secrets. It must not know any particular variable.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{
    spec::VariableSpec,
    variable::{Optional, Required, Variable, WithDefault},
};

/// A configuration that reads itself from the environment.
pub trait ReadConfig: Sized {
    /// Reads every variable, then combines. `None` only when a problem was recorded in `env`.
    fn read(env: &mut Env) -> Option<Self>;
}

/// What [`Env::load`] gives: the configuration, and what the operator should be told once logs are on.
#[derive(Debug, Clone)]
pub struct Loaded<C> {
    /// The configuration.
    pub config: C,
    /// Older names in use and other things that work but should change.
    pub warnings: Vec<String>,
}

impl<C> Loaded<C> {
    /// Logs each warning: call it after the telemetry is set up.
    pub fn log_warnings(&self) {
        for warning in &self.warnings {
            tracing::warn!(target: "hg_common::config", "{warning}");
        }
    }
}

/// One thing that is wrong with one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable, by the name that the operator used.
    pub variable: String,
    /// What is wrong with it.
    pub message: String,
}

/// Everything that is wrong with the environment, one line per problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    /// The service whose configuration it is.
    pub service: String,
    /// What is wrong, in the order of reading.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "{}: {count} configuration problem{}", self.service, if count == 1 { "" } else { "s" })?;
        for problem in &self.problems {
            write!(f, "\n  {}: {}", problem.variable, problem.message)?;
        }
        Ok(())
    }
}

/// The environment of a process, or a made-up one.
#[derive(Debug)]
pub struct Env {
    service: String,
    values: BTreeMap<String, String>,
    unreadable: BTreeSet<String>,
    specs: Vec<VariableSpec>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Env {
    /// The environment of this process, read for `service`.
    #[must_use]
    pub fn from_process(service: impl Into<String>) -> Self {
        let mut env = Self::empty(service);
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(env.values.insert(name, value)),
                Err(_) => drop(env.unreadable.insert(name)),
            }
        }
        env
    }

    /// A made-up environment: for tests and for the generated documentation.
    #[must_use]
    pub fn from_pairs<K, V>(service: impl Into<String>, pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut env = Self::empty(service);
        env.values = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        env
    }

    /// An environment without any variable.
    #[must_use]
    pub fn empty(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            values: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            specs: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The service that is being configured.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// A variable without which the service can't start.
    pub fn required<T>(&mut self, name: &'static str) -> Variable<'_, T, Required> {
        self.variable(name, true, None, Required)
    }

    /// A variable that may be left out.
    pub fn optional<T>(&mut self, name: &'static str) -> Variable<'_, T, Optional> {
        self.variable(name, false, None, Optional)
    }

    /// A variable that has a default.
    pub fn with_default<T: fmt::Display>(&mut self, name: &'static str, default: T) -> Variable<'_, T, WithDefault<T>> {
        let shown = default.to_string();
        self.variable(name, false, Some(shown), WithDefault::new(default))
    }

    fn variable<T, M>(
        &mut self,
        name: &'static str,
        required: bool,
        default: Option<String>,
        mode: M,
    ) -> Variable<'_, T, M> {
        let service = self.service.clone();
        let spec = VariableSpec { name, aliases: Vec::new(), default, required, secret: false, doc: "", service };
        Variable::new(self, spec, mode)
    }

    /// Whether a value is given under `name`, or under `name` with `_FILE`, without recording a look-up.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.given(name).is_some() || self.given(&file_variable(name)).is_some()
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value under exactly this name, or in the file that the name with `_FILE` names.
    fn value(&mut self, name: &'static str) -> Given {
        if self.unreadable.contains(name) {
            self.problem(name, "is not valid UTF-8");
            return Given::Bad;
        }
        let by_file = file_variable(name);
        let (value, path) = (self.given(name).map(str::to_owned), self.given(&by_file).map(str::to_owned));
        let path = match (value, path) {
            (None, None) => return Given::Nothing,
            (Some(value), None) => return Given::Value(value),
            (Some(_), Some(_)) => {
                self.problem(by_file, format!("is set beside {name}: only one of them may be"));
                return Given::Bad;
            }
            (None, Some(path)) => path,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => self.problem(by_file, format!("{} is empty", shown(&path))),
            Ok(text) => return Given::Value(text.trim().to_owned()),
            Err(error) => self.problem(by_file, format!("{} can't be read: {error}", shown(&path))),
        }
        Given::Bad
    }

    /// Records a problem that only several variables together show.
    pub fn problem(&mut self, variable: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { variable: variable.into(), message: message.into() });
    }

    /// Records something that works but should change.
    pub fn warn(&mut self, message: impl Into<String>) {
        let message = message.into();
        if !self.warnings.contains(&message) {
            self.warnings.push(message);
        }
    }

    /// Records a look-up.
    pub(super) fn looked_up(&mut self, spec: VariableSpec) {
        self.specs.push(spec);
    }

    /// What has been looked up so far.
    #[must_use]
    pub fn specs(&self) -> &[VariableSpec] {
        &self.specs
    }

    /// What should be told once logs are on.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Reports every problem at once.
    ///
    /// # Errors
    /// When any variable was missing or bad.
    pub fn finish(&mut self) -> Result<(), ConfigErrors> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(ConfigErrors { service: self.service.clone(), problems: std::mem::take(&mut self.problems) })
    }

    /// Reads a whole configuration.
    ///
    /// # Errors
    /// When any variable was missing or bad: all of them.
    pub fn load<C: ReadConfig>(mut self) -> Result<Loaded<C>, ConfigErrors> {
        let config = C::read(&mut self);
        if config.is_none() && self.problems.is_empty() {
            self.problem("configuration", "is incomplete, and no variable says why: this is a defect in the reader");
        }
        self.finish()?;
        // `finish` has just returned early for every `None`.
        let Some(config) = config else {
            return Err(ConfigErrors { service: self.service, problems: Vec::new() });
        };
        Ok(Loaded { config, warnings: self.warnings })
    }

    /// The variables that `C` reads, found by reading an empty environment.
    #[must_use]
    pub fn describe<C: ReadConfig>(service: impl Into<String>) -> Vec<VariableSpec> {
        let mut env = Self::empty(service);
        let _ = C::read(&mut env);
        env.specs
    }

    /// The value of a variable and the name it stood under, with a warning for older names.
    pub(super) fn resolve(&mut self, spec: &VariableSpec) -> Resolved {
        let mut found: Option<(&'static str, String)> = None;
        for name in std::iter::once(spec.name).chain(spec.aliases.iter().copied()) {
            let value = match self.value(name) {
                Given::Value(value) => value,
                Given::Nothing => continue,
                // What is wrong with it is on record: that it is missing would be one complaint too many.
                Given::Bad => return Resolved::Bad,
            };
            match &found {
                None => found = Some((name, value)),
                Some((used, kept)) if *kept != value => {
                    let used = *used;
                    self.warn(format!("{name} is ignored: {used} is set to something else"));
                }
                Some(_) => {}
            }
        }
        if let Some((name, _)) = &found
            && *name != spec.name
        {
            let name = *name;
            self.warn(format!("{name} is an older name: use {}", spec.name));
        }
        found.map_or(Resolved::Nothing, |(name, value)| Resolved::Value(name, value))
    }
}

/// A path as it may be told. Somebody may have put the secret itself where its file's path belongs.
fn shown(path: &str) -> &str {
    if path.starts_with('/') { path } else { "the file" }
}

/// The name under which the path of a file with the value stands.
fn file_variable(name: &str) -> String {
    format!("{name}_FILE")
}

/// What is given under one name.
enum Given {
    Nothing,
    /// Something that can't be used; the problem is recorded.
    Bad,
    Value(String),
}

/// What is given under a variable's names: the name that was used, and the value.
pub(super) enum Resolved {
    Nothing,
    Bad,
    Value(&'static str, String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn every_problem_is_reported_at_once() {
        let mut env = Env::from_pairs("cpm", [("PORT", "eighty"), ("TIMEOUT", ""), ("KEY", "s3cret!")]);
        assert_eq!(env.required::<String>("DATABASE_URL").alias("DB").doc("Where the data is.").read(), None);
        assert_eq!(env.with_default("PORT", 8000_u16).read(), 8000);
        assert_eq!(env.with_default("TIMEOUT", 5_u32).read(), 5);
        assert!(env.required::<Secret>("KEY").secret().read_with(|key| Err(format!("{key} is too short"))).is_none());
        let errors = env.finish().unwrap_err();
        assert_eq!(
            errors.to_string(),
            "cpm: 3 configuration problems\n  DATABASE_URL: is not set (older names: DB). Where the data is.\n  \
             PORT: \"eighty\" is not valid: invalid digit found in string\n  KEY: is not valid"
        );
        assert!(env.finish().is_ok());
    }

    #[test]
    fn the_canonical_name_wins_and_older_names_warn() {
        let mut env =
            Env::from_pairs("im", [("NEW", "1"), ("OLD", "2"), ("OLDER", "3"), ("SAME", "4"), ("SAME_OLD", "4")]);
        assert_eq!(env.optional::<u8>("NEW").alias("OLD").read(), Some(1));
        assert_eq!(env.optional::<u8>("NEWER").alias("OLDER").read(), Some(3));
        assert_eq!(env.optional::<u8>("SAME").alias("SAME_OLD").read(), Some(4));
        assert_eq!(
            env.warnings(),
            ["OLD is ignored: NEW is set to something else", "OLDER is an older name: use NEWER"]
        );
    }

    #[test]
    fn a_bad_value_is_reported_under_the_name_that_was_used() {
        let mut env = Env::from_pairs("im", [("OLD", "x")]);
        assert_eq!(env.optional::<u8>("NEW").alias("OLD").read(), None);
        assert_eq!(env.finish().unwrap_err().problems[0].variable, "OLD");
    }

    #[test]
    fn a_value_may_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (good, empty, gone) = (file("good", "8001\n"), file("empty", " \n"), "/nowhere/at/all".to_owned());
        let pairs = [
            ("PORT_FILE", good.clone()),
            ("OLD_FILE", good.clone()),
            ("BOTH", "1".into()),
            ("BOTH_FILE", good),
            ("EMPTY_FILE", empty),
            ("GONE_FILE", gone),
            ("TOLD_FILE", "hunter2".into()),
        ];
        let mut env = Env::from_pairs("im", pairs);
        assert!(env.is_set("PORT") && !env.is_set("TROP"));
        assert_eq!(env.required::<u16>("PORT").read(), Some(8001));
        assert_eq!(env.optional::<u16>("NEW").alias("OLD").read(), Some(8001));
        assert_eq!(env.warnings(), ["OLD is an older name: use NEW"]);
        assert_eq!(env.required::<u16>("BOTH").read(), None);
        assert_eq!(env.required::<u16>("EMPTY").read(), None);
        assert_eq!(env.required::<u16>("GONE").read(), None);
        assert_eq!(env.required::<u16>("TOLD").read(), None);
        let errors = env.finish().unwrap_err();
        assert!(errors.to_string().contains("/nowhere/at/all") && !errors.to_string().contains("hunter2"), "{errors}");
        let problems = errors.problems;
        let seen: Vec<_> = problems.iter().map(|problem| problem.variable.as_str()).collect();
        assert_eq!(seen, ["BOTH_FILE", "EMPTY_FILE", "GONE_FILE", "TOLD_FILE"]);
    }

    struct Sample;
    impl ReadConfig for Sample {
        fn read(env: &mut Env) -> Option<Self> {
            let first = env.required::<String>("FIRST").doc("First.").read();
            let _ = env.with_default("SECOND", 2_u8).read();
            let _ = env.with_default("THIRD", String::from("hush")).secret().read();
            first.map(|_| Self)
        }
    }

    #[test]
    fn describing_a_configuration_needs_no_values() {
        let specs = Env::describe::<Sample>("smm");
        let seen: Vec<_> = specs.iter().map(|spec| (spec.name, spec.required, spec.default.as_deref())).collect();
        assert_eq!(seen, [("FIRST", true, None), ("SECOND", false, Some("2")), ("THIRD", false, None)]);
        assert!(Env::empty("smm").load::<Sample>().is_err());
        assert!(Env::from_pairs("smm", [("FIRST", "x")]).load::<Sample>().is_ok());
    }
}
