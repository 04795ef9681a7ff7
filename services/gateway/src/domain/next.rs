//! Where somebody goes after signing in: a path on this site, never another site.

const MAX_CHARS: usize = 2_000;

/// A path with its query on this site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Default for Next {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl Next {
    /// The path, or `/` where it leads elsewhere. Browsers read `//host`, `/\host` and tabs in between as another site.
    pub(crate) fn parse(text: &str) -> Self {
        let local = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= MAX_CHARS
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        // The login page itself would go round in circles.
        let is_login = text.split(['?', '#']).next() == Some("/login");
        if local && !is_login { Self(text.to_owned()) } else { Self::default() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where whoever signs out goes on: an invitation is for whoever holds its link, all else needs a login.
    pub(crate) fn after_logout(&self) -> String {
        if self.0.starts_with("/invitations/") { self.0.clone() } else { "/login".to_owned() }
    }

    /// The login page that leads there.
    pub(crate) fn login_path(&self) -> String {
        if self.0 == "/" {
            return "/login".to_owned();
        }
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", &self.0).finish();
        format!("/login?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_on_this_site_are_followed() {
        for good in ["/", "/jobs?client=a&status=failed", "/jobs/0191d0a0-0000-7000-8000-000000000000#text"] {
            assert_eq!(Next::parse(good).as_str(), good);
        }
        for bad in [
            "",
            "jobs",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "/\r\nX: y",
            "/login?next=/",
            "/ä",
        ] {
            assert_eq!(Next::parse(bad), Next::default(), "{bad:?}");
        }
    }

    #[test]
    fn the_login_page_keeps_the_way_back() {
        assert_eq!(Next::parse("/jobs?q=a b").login_path(), "/login");
        assert_eq!(Next::parse("/jobs?q=a&b=c").login_path(), "/login?next=%2Fjobs%3Fq%3Da%26b%3Dc");
    }
}
