//! What a route needs to be tried: which object each parameter is, a body that is right, and who may.
//!
//! A line per route, as data: the routes themselves come from the services. A text in `<…>` names something of the
//! victim (`plant.sql`). Nothing here knows who is going to ask.

use hg_common::auth::ApiScope;
use hg_types::Role;

/// How a route is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) method: &'static str,
    /// As the service has registered it.
    pub(crate) path: &'static str,
    /// Parameters that are something else than the object of their name.
    pub(crate) parameters: &'static [(&'static str, &'static str)],
    /// With the question mark, or empty.
    pub(crate) query: &'static str,
    pub(crate) body: Body,
    pub(crate) needs: Needs,
    pub(crate) strangers: Strangers,
    /// What an API key must be for.
    pub(crate) scope: Option<ApiScope>,
    /// Whether the caller must be a person: a worker or a key never may.
    pub(crate) people_only: bool,
    /// Whether no API key is accepted at all, however much it may.
    pub(crate) no_keys: bool,
    /// Whether the audit log notes the question itself, though it only reads.
    pub(crate) on_record: bool,
    /// Whether it only reckons or looks, though its method isn't GET.
    pub(crate) only_looks: bool,
    /// Where a role that is too low isn't answered with 403: what the answer says, in its address or its text.
    pub(crate) too_low_says: Option<&'static str>,
    /// Where whoever may is told the confirmation that the body names.
    pub(crate) confirmed_by: Option<&'static str>,
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Nothing,
    Json(&'static str),
    Form(&'static str),
}

/// Who may.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needs {
    /// Anybody at all: the route is public.
    Nobody,
    /// Whoever is known. The answer has nothing of any tenant.
    Known,
    /// Whoever is known; it is about their own session and nothing else.
    OwnSession,
    /// This role, there.
    Role(Role, Place),
    /// The person whom the link invites.
    Invited,
    /// Whoever holds the link's secret.
    Secret,
}

/// On which client a role is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the victim.
    Client,
    /// On its agency.
    Parent,
    /// On the root.
    Root,
}

/// What strangers are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strangers {
    /// There is no such thing.
    NotFound,
    /// A list without anything of the victim's.
    Nothing,
    /// A page or fragment that says no: 404, or a form that is shown again with nothing of the victim's in it.
    Refused,
}

const fn probe(method: &'static str, path: &'static str) -> Probe {
    Probe {
        method,
        path,
        parameters: &[],
        query: "",
        body: Body::Nothing,
        needs: Needs::Role(Role::Viewer, Place::Client),
        strangers: Strangers::NotFound,
        scope: None,
        people_only: false,
        no_keys: false,
        on_record: false,
        only_looks: false,
        too_low_says: None,
        confirmed_by: None,
    }
}

/// A GET that a viewer may.
pub(crate) const fn get(path: &'static str) -> Probe {
    probe("GET", path)
}

/// A POST that a member may.
pub(crate) const fn post(path: &'static str) -> Probe {
    probe("POST", path).role(Role::Member)
}

/// A PUT that a member may.
pub(crate) const fn put(path: &'static str) -> Probe {
    probe("PUT", path).role(Role::Member)
}

/// A PATCH that a member may.
pub(crate) const fn patch(path: &'static str) -> Probe {
    probe("PATCH", path).role(Role::Member)
}

/// A DELETE that a member may.
pub(crate) const fn delete(path: &'static str) -> Probe {
    probe("DELETE", path).role(Role::Member)
}

impl Probe {
    /// The least role on the victim.
    pub(crate) const fn role(mut self, role: Role) -> Self {
        self.needs = Needs::Role(role, Place::Client);
        self
    }

    /// The least role on what stands above the victim.
    pub(crate) const fn role_at(mut self, role: Role, place: Place) -> Self {
        self.needs = Needs::Role(role, place);
        self
    }

    /// Another need than a role.
    pub(crate) const fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// What some of the path's parameters are.
    pub(crate) const fn with(mut self, parameters: &'static [(&'static str, &'static str)]) -> Self {
        self.parameters = parameters;
        self
    }

    /// The query.
    pub(crate) const fn query(mut self, query: &'static str) -> Self {
        self.query = query;
        self
    }

    /// A JSON body.
    pub(crate) const fn json(mut self, body: &'static str) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// A form.
    pub(crate) const fn form(mut self, body: &'static str) -> Self {
        self.body = Body::Form(body);
        self
    }

    /// What strangers are answered.
    pub(crate) const fn strangers(mut self, strangers: Strangers) -> Self {
        self.strangers = strangers;
        self
    }

    /// The scope that an API key needs.
    pub(crate) const fn scope(mut self, scope: ApiScope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Only people may.
    pub(crate) const fn people_only(mut self) -> Self {
        self.people_only = true;
        self
    }

    /// No API key is accepted.
    pub(crate) const fn no_keys(mut self) -> Self {
        self.no_keys = true;
        self
    }

    /// Whose role is too low is told so in this way.
    pub(crate) const fn too_low_says(mut self, text: &'static str) -> Self {
        self.too_low_says = Some(text);
        self
    }

    /// `<confirmation>` in the body is what this answers to whoever may.
    pub(crate) const fn confirmed_by(mut self, path: &'static str) -> Self {
        self.confirmed_by = Some(path);
        self
    }

    /// The name of the route.
    pub(crate) fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What was asked is on record, though it changes nothing else.
    pub(crate) const fn on_record(mut self) -> Self {
        self.on_record = true;
        self
    }

    /// It changes nothing, though its method isn't GET.
    pub(crate) const fn only_looks(mut self) -> Self {
        self.only_looks = true;
        self
    }

    /// Whether asking may change something, to judge by the method.
    pub(crate) fn is_change(&self) -> bool {
        self.method != "GET" || self.on_record
    }

    /// The path with `<object>` in place of each parameter.
    fn template(&self) -> String {
        let object = |name: &str| {
            let given = self.parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, object)| *object);
            given.map_or_else(|| format!("<{name}>"), str::to_owned)
        };
        let part = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => object(name.trim_start_matches('*')),
            None => part.to_owned(),
        };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/") + self.query
    }

    /// Path and query for a victim.
    pub(crate) fn uri(&self, victim: &super::ground::Victim) -> String {
        victim.fill(&self.template())
    }

    /// Whether the path, not the query alone, names the client whose things are asked for.
    pub(crate) fn names_its_client(&self) -> bool {
        let template = self.template();
        let path = template.split_once('?').map_or(template.as_str(), |(path, _)| path);
        path.contains("<client>") || path.contains("<slug>")
    }

    /// The same with the victim's slug for its id; none where the path doesn't name a client, or only takes an id.
    pub(crate) fn uri_by_slug(&self, victim: &super::ground::Victim) -> Option<String> {
        let path = self.template();
        let (path, query) = path.split_once('?').map_or((path.as_str(), ""), |(path, query)| (path, query));
        let named = ["client", "empty", "archived"].into_iter().find(|name| path.contains(&format!("<{name}>")))?;
        let slug = if named == "client" { "<slug>".to_owned() } else { format!("<{named}_slug>") };
        let mark = if query.is_empty() { "" } else { "?" };
        Some(victim.fill(&format!("{}{mark}{query}", path.replace(&format!("<{named}>"), &slug))))
    }
}
