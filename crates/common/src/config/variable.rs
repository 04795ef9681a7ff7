//! One look-up of a variable: what it is called, what it means, whether there must be a value; then it is read. It must not
//! look anything up by itself: [`Env`] does.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::{
    env::{Env, Resolved},
    spec::VariableSpec,
};

/// Mode of a look-up: there must be a value.
#[derive(Debug)]
pub struct Required;
/// Mode of a look-up: there may be a value.
#[derive(Debug)]
pub struct Optional;
/// Mode of a look-up: this value stands in.
#[derive(Debug)]
pub struct WithDefault<T>(T);

impl<T> WithDefault<T> {
    pub(super) const fn new(default: T) -> Self {
        Self(default)
    }
}

/// One look-up being described; it happens with `read` or `read_with`.
#[must_use = "nothing is read before `read` or `read_with`"]
#[derive(Debug)]
pub struct Variable<'e, T, M> {
    env: &'e mut Env,
    spec: VariableSpec,
    mode: M,
    value: PhantomData<fn() -> T>,
}

enum Outcome<T> {
    Absent,
    Bad,
    Good(T),
}

impl<'e, T, M> Variable<'e, T, M> {
    /// A look-up that was not described yet.
    pub(super) const fn new(env: &'e mut Env, spec: VariableSpec, mode: M) -> Self {
        Self { env, spec, mode, value: PhantomData }
    }

    /// An older name that is understood too, with a warning. The canonical name wins.
    pub fn alias(mut self, name: &'static str) -> Self {
        self.spec.aliases.push(name);
        self
    }

    /// One sentence on what the variable means.
    pub fn doc(mut self, sentence: &'static str) -> Self {
        self.spec.doc = sentence;
        self
    }

    /// Keeps the value (and the default) out of every message and page.
    pub fn secret(mut self) -> Self {
        self.spec.secret = true;
        self.spec.default = None;
        self
    }

    /// What the documentation shows as the default, where it depends on something.
    pub fn shown_default(mut self, text: impl Into<String>) -> Self {
        self.spec.default = Some(text.into());
        self
    }

    fn look_up(self, parse: impl FnOnce(&str) -> Result<T, String>) -> (Outcome<T>, M) {
        let Self { env, spec, mode, .. } = self;
        let outcome = match env.resolve(&spec) {
            Resolved::Bad => Outcome::Bad,
            Resolved::Nothing => {
                if spec.required {
                    let aliases = spec.aliases.join(", ");
                    let hint = if aliases.is_empty() { String::new() } else { format!(" (older names: {aliases})") };
                    env.problem(spec.name, format!("is not set{hint}. {}", spec.doc).trim_end().to_owned());
                }
                Outcome::Absent
            }
            Resolved::Value(name, value) => match parse(&value) {
                Ok(parsed) => Outcome::Good(parsed),
                Err(message) => {
                    let message = match (spec.secret, message.contains(&value)) {
                        (true, true) => "is not valid".to_owned(),
                        (true, false) => format!("is not valid: {message}"),
                        (false, _) => format!("{value:?} is not valid: {message}"),
                    };
                    env.problem(name, message);
                    Outcome::Bad
                }
            },
        };
        env.looked_up(spec);
        (outcome, mode)
    }
}

fn from_str<T>(text: &str) -> Result<T, String>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

impl<T> Variable<'_, T, Required> {
    /// Reads the variable; `None` when a problem was recorded.
    pub fn read(self) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.read_with(from_str)
    }

    /// Reads the variable with a parser of its own; `None` when a problem was recorded.
    pub fn read_with(self, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match self.look_up(parse).0 {
            Outcome::Good(value) => Some(value),
            Outcome::Absent | Outcome::Bad => None,
        }
    }
}

impl<T> Variable<'_, T, Optional> {
    /// Reads the variable; `None` when it is left out, and when it is bad (which is recorded).
    pub fn read(self) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.read_with(from_str)
    }

    /// As [`read`](Self::read), with a parser of its own.
    pub fn read_with(self, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match self.look_up(parse).0 {
            Outcome::Good(value) => Some(value),
            Outcome::Absent | Outcome::Bad => None,
        }
    }
}

impl<T> Variable<'_, T, WithDefault<T>> {
    /// Reads the variable; the default when it is left out, and when it is bad (which is recorded).
    pub fn read(self) -> T
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.read_with(from_str)
    }

    /// As [`read`](Self::read), with a parser of its own.
    pub fn read_with(self, parse: impl FnOnce(&str) -> Result<T, String>) -> T {
        match self.look_up(parse) {
            (Outcome::Good(value), _) => value,
            (Outcome::Absent | Outcome::Bad, WithDefault(default)) => default,
        }
    }
}
