//! Where templates run: minijinja, narrowed until a template can do nothing but make a text of what it was given.
//!
//! | danger | wall |
//! |---|---|
//! | reading files, other templates | no loader; `include`, `import`, `extends` are refused |
//! | running for ever | fuel for instructions, [`meter`] for what filters and tests do in one of them, and a limit on tags and on tokens within one |
//! | deep nesting that ends the stack | the same limits, checked on the tokens before anything is parsed |
//! | values that double and double | [`language`]: no multiplication, no captures, no macros, and a value that was put together can't be put together again under a name |
//! | one filter that makes much of little | [`filters`]: a list of our own, and those that can grow are bounded |
//! | endless output | a writer that stops at [`OUTPUT_LIMIT`] |
//!
//! What users write reaches a template as values; nothing here ever compiles a value.

pub mod filters;
pub mod language;
mod meter;
mod output;
mod scan;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig};

use output::{Bounded, Full};

/// The longest text that a template can make, in bytes.
pub const OUTPUT_LIMIT: usize = 256 * 1024;
/// Instructions that one rendering may take. The default templates need fewer than 1,000.
const FUEL: u64 = 10_000;
const NAME: &str = "template";
const TOO_MUCH: &str = "the template takes too many steps, or too much is done in them";

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl Problem {
    fn at(line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), message: message.into() }
    }

    fn of(error: &minijinja::Error) -> Self {
        let kind = error.kind();
        let message = match (kind, error.detail()) {
            (ErrorKind::OutOfFuel, _) => TOO_MUCH.to_owned(),
            (_, Some(detail)) => format!("{kind}: {detail}"),
            (_, None) => kind.to_string(),
        };
        Self { line: error.line(), message }
    }
}

/// A template that may run.
#[derive(Debug)]
pub struct Program {
    environment: Environment<'static>,
    /// The variables that it reads and doesn't set itself, sorted.
    variables: Vec<String>,
}

impl Program {
    /// Compiles a template.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as it can be told without running it.
    pub fn compile(source: &str) -> Result<Self, Vec<Problem>> {
        scan::check(source).map_err(|problem| vec![problem])?;
        language::check(source)?;
        let mut environment = Environment::empty();
        filters::install(&mut environment);
        environment.set_syntax(syntax());
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        // Errors name the variable that is undefined.
        environment.set_debug(true);
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| vec![Problem::of(&error)])?;
        let undeclared =
            environment.get_template(NAME).map_err(|error| vec![Problem::of(&error)])?.undeclared_variables(false);
        let mut variables: Vec<String> =
            undeclared.into_iter().filter(|name| !filters::FUNCTIONS.contains(&name.as_str())).collect();
        variables.sort_unstable();
        Ok(Self { environment, variables })
    }

    /// The variables that it reads and doesn't set itself, sorted.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Makes the text. Takes processor time: not for an async thread.
    ///
    /// # Errors
    /// When an undefined variable is printed, the fuel ends, or the text gets too long.
    pub fn render(&self, context: &Value) -> Result<String, Problem> {
        let template = self.environment.get_template(NAME).map_err(|error| Problem::of(&error))?;
        let mut output = Bounded::new(OUTPUT_LIMIT);
        let outcome = template.render_captured_to(context.clone(), &mut output).map(drop);
        if let Some(full) = output.full() {
            let message = match full {
                Full::Room => format!("the text is longer than {} KiB", OUTPUT_LIMIT / 1024),
                Full::Time => TOO_MUCH.to_owned(),
            };
            return Err(Problem { line: None, message });
        }
        outcome.map_err(|error| Problem::of(&error))?;
        Ok(output.into_text())
    }
}

/// A line that holds nothing but a tag leaves nothing behind.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str) -> Result<String, Problem> {
        let context = Value::from(minijinja::value::Serde(serde_json::json!({
            "topic": "{{ 7 * 7 }}", "keywords": ["a", "b"], "big": "x".repeat(20_000), "lines": vec!["l"; 900], "client": {"name": "C"},
        })));
        Program::compile(source).map_err(|mut problems| problems.remove(0))?.render(&context)
    }

    #[test]
    fn user_text_is_data() {
        assert_eq!(render("About {{ topic }}").unwrap(), "About {{ 7 * 7 }}");
        assert_eq!(render("{{ topic | upper | lower | trim }}").unwrap(), "{{ 7 * 7 }}");
    }

    #[test]
    fn the_references_own_template_renders() {
        let source = "Write about {{ topic }}.\nTone: {{ tone | default(\"professional\") }}\n{% if keywords %}\nKeywords:\n{% for keyword in keywords %}\n- {{ keyword }}\n{% endfor %}\n{% endif %}\nDone";
        assert_eq!(render(source).unwrap(), "Write about {{ 7 * 7 }}.\nTone: professional\nKeywords:\n- a\n- b\nDone");
    }

    #[test]
    fn an_undefined_variable_may_be_tested_but_not_printed() {
        assert_eq!(render("{% if tone %}x{% else %}y{% endif %}").unwrap(), "y");
        let problem = render("one\ntwo {{ tone }}").unwrap_err();
        assert_eq!(problem.line, Some(2));
        assert!(problem.message.contains("tone"), "{problem}");
        assert!(render("{{ client.address.street }}").is_err());
        assert!(render("{{ client.address }}").is_err());
    }

    #[test]
    fn nothing_grows_without_end() {
        let mut doubling = String::from("{% set x = big %}");
        doubling.push_str(&"{% set x = x ~ x %}".repeat(40));
        for (source, part) in [
            (doubling.as_str(), "put together"),
            ("{% for a in [big ~ big] %}{% for b in [a ~ a] %}{{ b }}{% endfor %}{% endfor %}", "put together"),
            ("{{ big * 1000000 }}", "*"),
            ("{{ 9 ** 9 ** 9 }}", "**"),
            ("{% set x %}{{ big }}{% endset %}", "set"),
            ("{% macro m(a) %}{{ a }}{% endmacro %}", "macro"),
            ("{% filter upper %}x{% endfilter %}", "filter"),
            ("{% include 'x' %}", "include"),
            ("{% import 'x' as y %}", "import"),
            ("{% extends 'x' %}", "extends"),
            ("{% for x in range(1000) %}{% for y in range(1000) %}{% endfor %}{% endfor %}", "steps"),
            ("{% for x in range(1000) %}{{ big }}{% endfor %}", "256 KiB"),
            ("{{ big | replace('x', big) }}", "too long"),
            ("{{ range(1000) | join(big) }}", "too"),
            ("{{ range(1000) | map('replace', '0', big) | list | length }}", "map"),
            ("{{ big | indent(100000000, true) }}", "too long"),
            ("{{ '' | indent(1000000000000000) }}", "too long"),
            ("{{ [1, 2] | tojson(1000000000000) }}", "at most 8"),
            ("{{ [1, 2] | tojson(indent=1000000000000) }}", "at most 8"),
            ("{{ range(1001) }}", "1,000 items"),
            ("{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775807) }}", "too large"),
            ("{{ big | split('') | length }}", "1,000 items"),
            ("{{ big | list }}", "not a text"),
            ("{{ big | sort }}", "not a text"),
            ("{{ big | join(',') }}", "not a text"),
            ("{{ big | trim(big) }}", "at most 32"),
        ] {
            let problem = render(source).unwrap_err();
            assert!(problem.message.contains(part), "{part}: {problem}");
        }
        let chain = format!("{{{{ '\"' {} }}}}", "| tojson ".repeat(30));
        assert!(render(&chain).unwrap_err().message.contains("too long"));
    }

    fn assert_soon_refused(what: &str, source: &str) {
        let began = meter::thread_time();
        assert!(render(source).is_err(), "{what}");
        // Generous: this isn't optimised.
        let took = meter::thread_time() - began;
        assert!(took.as_secs() < 5, "{what} took {took:?}");
    }

    /// Each is a few thousand instructions and would be minutes of work.
    #[test]
    fn what_is_done_within_a_step_is_paid_for() {
        let literal = "x".repeat(60_000);
        for body in [
            "b | list | sort | length",
            "b | upper | length",
            "b | title | lower | length",
            "b | split('x', 900) | sort | length",
            "b | replace('x', 'y') | length",
            "[b, b, b, b, b, b, b, b, b, b] | sort | length",
            "[b, b, b, b, b, b, b, b, b, b] | max | length",
            "lines | sort(attribute=b) | length",
            "lines | map(attribute=b, default=1) | length",
            "lines | select('in', b) | length",
            "lines | tojson | length",
            "b is in b",
        ] {
            let source = format!(
                "{{% set b = '{literal}' %}}{{% for i in range(1000) %}}{{% if {body} %}}{{% endif %}}{{% endfor %}}"
            );
            assert_soon_refused(body, &source);
        }
    }

    /// Operators can't be made to pay; fuel and the size of what they are given have to do.
    #[test]
    fn operators_are_bounded_by_fuel() {
        let literal = "xy".repeat(30_000);
        for body in [
            "b == b ~ 'x'",
            "b ~ 'z' in b ~ b",
            "b[::-1]",
            "b[1:]",
            "lines == lines",
            "'z' in lines",
            "lines ~ b",
            "lines in b",
        ] {
            let source = format!(
                "{{% set b = '{literal}' %}}{{% for i in range(1000) %}}{{% for j in range(1000) %}}{{% if {body} %}}{{% endif %}}{{% endfor %}}{{% endfor %}}"
            );
            assert_soon_refused(body, &source);
        }
    }

    #[test]
    fn filters_do_what_they_did() {
        for (source, text) in [
            ("{{ ['b', 'A', 'c'] | sort | join(', ') }}", "A, b, c"),
            ("{{ ['b', 'A'] | sort(case_sensitive=true, reverse=true) | join }}", "bA"),
            ("{{ 'a,b,c' | split(',') | last }}", "c"),
            ("{{ ' a  b ' | split | join('-') }}", "a-b"),
            ("{{ 'a b c' | split(none, 1) | join('|') }}", "a|b c"),
            ("{{ '  x ' | trim }}{{ '--x-' | trim('-') }}", "xx"),
            ("{{ range(3) | join }} {{ range(2, 8, 3) | join }} {{ range(3, 0, -1) | join }}", "012 25 321"),
            ("{{ [1, none, 2] | select | join }}{{ [1, 2, 3] | reject('odd') | join }}", "122"),
            ("{{ {'b': 1, 'a': 2} | dictsort | first | join }}", "a2"),
            ("{{ tone | default('calm') }} {{ '' | d('x', true) }}", "calm x"),
            ("{{ [{'n': 1}, {}] | map(attribute='n', default=0) | join }}", "10"),
            ("{{ {'a': [1]} | tojson }}", r#"{"a": [1]}"#),
            ("{% if 'a' is in keywords and topic is startingwith('{') %}y{% endif %}", "y"),
        ] {
            assert_eq!(render(source).unwrap(), text, "{source}");
        }
        assert_eq!(render("{{ tone | upper }}").unwrap_err().line, Some(1));
    }

    #[test]
    fn nothing_ends_the_stack() {
        for source in [
            format!("{{{{ {} }}}}", vec!["topic"; 8_000].join(" ~ ")),
            format!("{{{{ topic{} }}}}", ".a".repeat(20_000)),
            format!("{{% if a %}}{}{{% endif %}}", "{% elif b %}".repeat(5_000)),
            format!("{}{}", "{% if a %}".repeat(3_000), "{% endif %}".repeat(3_000)),
            format!("{{{{ {}topic{} }}}}", "(".repeat(10_000), ")".repeat(10_000)),
            format!("{{{{ {}topic }}}}", "not ".repeat(10_000)),
        ] {
            assert!(render(&source).is_err());
        }
    }

    #[test]
    fn methods_and_unknown_filters_are_not_there() {
        assert!(render("{{ topic.upper() }}").is_err());
        assert!(render("{{ topic | pprint }}").is_err());
        assert!(render("{{ debug() }}").is_err());
        assert!(render("{{ namespace() }}").is_err());
    }
}
