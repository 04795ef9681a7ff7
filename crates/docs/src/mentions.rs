//! The requests that a page of documentation shows: in `curl` commands, and by name in the running text.
//!
//! It reads the habits of our pages, no more: fenced blocks, one `curl` per command, `$CPM` and `$GATEWAY` before a path, shell
//! variables set in the block or above it, and `` `GET /jobs` `` in the text, where `…/archive` leaves out what is before. A name
//! writes a parameter as one, `{id}`; in a command anything stands for it.
//! It must not know any route.

use std::collections::HashMap;

use http::Method;

/// Whose path it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Content production.
    Cpm,
    /// The gateway.
    Gateway,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As a command.
    Curl,
    /// By name.
    Named,
}

/// A request that a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) page: &'static str,
    pub(crate) line: usize,
    pub(crate) owner: Owner,
    pub(crate) shown: Shown,
    /// None: whatever the path can do.
    pub(crate) method: Option<Method>,
    /// Between the slashes.
    pub(crate) segments: Vec<String>,
    /// Whether something is left out before the first segment.
    pub(crate) shortened: bool,
}

impl Mention {
    /// Whether it fits the route. A command may fit several: `/jobs/overview` fits `/jobs/{id}`, too.
    pub(crate) fn is(&self, owner: Owner, method: &Method, path: &str) -> bool {
        let route: Vec<&str> = path.split('/').skip(1).collect();
        let Some(left_out) = route.len().checked_sub(self.segments.len()) else { return false };
        let stands_for = |shown: &str| self.shown == Shown::Curl || shown.starts_with('{');
        let fits = |part: &str, shown: &str| if part.starts_with('{') { stands_for(shown) } else { part == shown };
        self.owner == owner
            && self.method.as_ref().is_none_or(|shown| shown == method)
            && (left_out == 0 || self.shortened)
            && route[left_out..].iter().zip(&self.segments).all(|(part, shown)| fits(part, shown))
    }
}

/// Every request that the page shows.
pub(crate) fn of_page(page: &'static str, text: &str) -> Vec<Mention> {
    let mut all = Vec::new();
    let mut variables =
        HashMap::from([("CPM".to_owned(), "cpm:".to_owned()), ("GATEWAY".to_owned(), "gateway:".to_owned())]);
    let (mut fenced, mut command) = (false, String::new());
    for (number, line) in text.lines().enumerate() {
        let mut add = |owner, shown, method, path: &str| {
            all.extend(mention(page, number + 1, owner, shown, method, path));
        };
        if line.trim_start().starts_with("```") {
            (fenced, command) = (!fenced, String::new());
        } else if !fenced {
            for (method, path) in line.split('`').skip(1).step_by(2).filter_map(named) {
                let owner = if path.contains("/api/") || path.starts_with('…') { Owner::Gateway } else { Owner::Cpm };
                add(owner, Shown::Named, method, path);
            }
        } else if let Some(begun) = line.strip_suffix('\\') {
            command.push_str(begun);
        } else {
            command.push_str(line);
            if let Some((method, address)) = curl(&command)
                && let Some((owner, path)) = expand(address, &variables)
            {
                add(owner, Shown::Curl, Some(method), &path);
            } else if let Some((name, value)) = assignment(&command) {
                // The addresses of the examples are what they are known by.
                let value = expand(value, &variables).map(|(owner, path)| match owner {
                    Owner::Cpm => format!("cpm:{path}"),
                    Owner::Gateway => format!("gateway:{path}"),
                });
                variables.extend(value.map(|value| (name.to_owned(), value)));
            }
            command.clear();
        }
    }
    all
}

fn mention(
    page: &'static str,
    line: usize,
    owner: Owner,
    shown: Shown,
    method: Option<Method>,
    path: &str,
) -> Option<Mention> {
    let path = path.split('?').next().unwrap_or_default();
    let (shortened, path) = path.strip_prefix('…').map_or((false, path), |rest| (true, rest));
    let segments: Vec<String> = path.strip_prefix('/')?.split('/').map(str::to_owned).collect();
    Some(Mention { page, line, owner, shown, method, segments, shortened })
}

/// `GET /jobs`, `/jobs` or `…/archive`, as written between backticks.
fn named(span: &str) -> Option<(Option<Method>, &str)> {
    let (method, path) = match span.split_once(' ') {
        Some((method, path)) => (Some(verb(method)?), path),
        None => (None, span),
    };
    ((path.starts_with('/') || path.starts_with("…/")) && !path.contains(' ')).then_some((method, path))
}

/// The method and the address of a command.
fn curl(command: &str) -> Option<(Method, &str)> {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    if words.first() != Some(&"curl") {
        return None;
    }
    let address = words.iter().find(|word| word.starts_with('$'))?;
    let asked = words.iter().position(|word| *word == "-X").and_then(|at| verb(words.get(at + 1)?));
    let sends = words.iter().any(|word| ["-d", "--data"].contains(word));
    Some((asked.unwrap_or(if sends { Method::POST } else { Method::GET }), address))
}

fn verb(word: &str) -> Option<Method> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    known.into_iter().find(|method| method == word)
}

/// `NAME=value`.
fn assignment(command: &str) -> Option<(&str, &str)> {
    let (name, rest) = command.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    is_name.then(|| (name, rest.split_whitespace().next().unwrap_or_default()))
}

/// Whose address it is, and the path.
fn expand(address: &str, variables: &HashMap<String, String>) -> Option<(Owner, String)> {
    let rest = address.strip_prefix('$')?;
    let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
    let (name, path) = rest.split_at(end);
    let (owner, base) = variables.get(name)?.split_once(':')?;
    Some((if owner == "cpm" { Owner::Cpm } else { Owner::Gateway }, format!("{base}{path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
Ask `POST /generate`, or `/api/jobs/{id}` and `…/archive`; `a b` and `POST` are none.

```sh
CPM=http://localhost:8000
KEYS=$GATEWAY/api/clients/pasco/api-keys      # whose
curl -sS $CPM/generate -H 'x: y' \
  -H 'Idempotency-Key: a' -d '{
    "topic": "/not/a/path"
  }'
curl "$CPM/costs?group_by=day" -H "X-API-Key: $KEY"
curl -X DELETE $KEYS/$ID -H "X-CSRF-Token: $CSRF"
```
"#;

    fn shows(owner: Owner, shown: Shown, method: &Method, path: &str) -> bool {
        of_page("page", PAGE).iter().any(|mention| mention.shown == shown && mention.is(owner, method, path))
    }

    #[test]
    fn commands_are_read() {
        for (owner, method, path) in [
            (Owner::Cpm, Method::POST, "/generate"),
            (Owner::Cpm, Method::GET, "/costs"),
            (Owner::Gateway, Method::DELETE, "/api/clients/{client}/api-keys/{key}"),
        ] {
            assert!(shows(owner, Shown::Curl, &method, path), "{method} {path} in {:#?}", of_page("page", PAGE));
        }
        assert!(!shows(Owner::Cpm, Shown::Curl, &Method::GET, "/generate"));
        assert!(!shows(Owner::Gateway, Shown::Curl, &Method::DELETE, "/api/clients/{client}/provider-keys/{key}"));
        assert_eq!(of_page("page", PAGE).iter().filter(|mention| mention.shown == Shown::Curl).count(), 3);
    }

    #[test]
    fn names_are_read() {
        assert!(shows(Owner::Cpm, Shown::Named, &Method::POST, "/generate"));
        assert!(!shows(Owner::Cpm, Shown::Named, &Method::GET, "/generate"));
        assert!(shows(Owner::Gateway, Shown::Named, &Method::PUT, "/api/jobs/{id}"));
        assert!(shows(Owner::Gateway, Shown::Named, &Method::POST, "/api/clients/{id}/archive"));
        assert!(
            !shows(Owner::Gateway, Shown::Named, &Method::POST, "/api/clients/{id}"),
            "a name stands for no parameter"
        );
        assert!(!shows(Owner::Gateway, Shown::Named, &Method::GET, "/api/clients/{id}/api-keys/{key}"));
        assert!(!shows(Owner::Gateway, Shown::Named, &Method::GET, "/api/jobs"));
        assert_eq!(of_page("page", PAGE).iter().filter(|mention| mention.shown == Shown::Named).count(), 3);
    }
}
