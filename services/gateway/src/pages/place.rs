//! One client, as each of its own pages begins: which it is, what stands above it, what the person may do there.
//!
//! It only decides what is offered. Whoever posts all the same is answered by the service.

use hg_common::http::ApiError;
use hg_contracts::smm::{Client, HierarchyQuery};
use hg_types::{ClientType, Role};
use serde::Serialize;

use super::{
    clients::{Clients, Slug, is_writable},
    notices,
    parts::{Moment, Text},
    shell::{CurrentClient, Frame, Scope, Section, Shell, Switch},
    visit::Visit,
};
use crate::peer_error::peer_error;

/// How far up anybody looks: root, agency, customer.
const MAX_ANCESTORS: usize = 4;

/// The part of a client's pages that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Facts, and what is below.
    Overview,
    /// Strategies and SEO rules.
    Strategies,
    /// Members and invitations.
    People,
    /// Budgets, limits, what texts have cost.
    Costs,
    /// API keys and provider keys.
    Keys,
    /// The audit log.
    Audit,
    /// Retention, exports, erasure.
    Data,
}

impl Part {
    const ALL: [Self; 7] =
        [Self::Overview, Self::Strategies, Self::People, Self::Costs, Self::Keys, Self::Audit, Self::Data];

    const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Strategies => "Strategies",
            Self::People => "People",
            Self::Costs => "Costs",
            Self::Keys => "Keys",
            Self::Audit => "Audit",
            Self::Data => "Data",
        }
    }

    const fn icon(self) -> &'static str {
        match self {
            Self::Overview => "building-2",
            Self::Strategies => "target",
            Self::People => "users",
            Self::Costs => "wallet",
            Self::Keys => "code",
            Self::Audit => "history",
            Self::Data => "package",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Strategies => "/strategies",
            Self::People => "/people",
            Self::Costs => "/costs",
            Self::Keys => "/keys",
            Self::Audit => "/audit",
            Self::Data => "/data",
        }
    }

    /// The least role to which it is offered.
    const fn role(self) -> Role {
        match self {
            Self::Overview | Self::Strategies | Self::People | Self::Costs => Role::Viewer,
            Self::Keys | Self::Audit | Self::Data => Role::Admin,
        }
    }

    const fn section(self) -> Section {
        match self {
            Self::Overview | Self::Costs | Self::Keys | Self::Audit | Self::Data => Section::Clients,
            Self::Strategies => Section::Strategies,
            Self::People => Section::People,
        }
    }
}

/// The head of a client's pages.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ClientHead {
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// `Agency`, `Customer of Heaviside Digital`.
    pub kind: Text,
    /// The person's role on it: `you are admin`.
    pub role: Text,
    /// Since when it is archived, if it is.
    pub archived: Option<Moment>,
    /// What stands above it, from the top.
    pub crumbs: Vec<Crumb>,
    /// The parts of its pages.
    pub tabs: Vec<TabLink>,
}

/// Something above.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct Crumb {
    /// Its name.
    pub label: String,
    /// Its page.
    pub href: String,
}

/// A part that can be chosen.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct TabLink {
    /// Its name.
    pub label: Text,
    /// The icon's name.
    pub icon: Text,
    /// Where it is.
    pub href: String,
    /// Whether it is shown.
    pub current: bool,
}

/// A client, and what is known around it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The client.
    pub client: Client,
    /// What stands above it, from the top, as far as the person sees it.
    pub ancestors: Vec<Client>,
    /// The clients of the person.
    pub clients: Clients,
}

impl Place {
    /// The client of an address.
    ///
    /// # Errors
    /// 404 where the person sees no such client, 503 where nobody can say.
    pub async fn enter(visit: &Visit, slug: &str) -> Result<Self, ApiError> {
        let slug = Slug::parse(Some(slug))?.ok_or_else(|| ApiError::not_found("client"))?;
        let principal = visit.principal();
        let (clients, client) =
            tokio::join!(Clients::fetch(visit.smm(), &principal), visit.smm().get_client(&principal, slug.as_str()));
        let (clients, client) = (clients?, client.map_err(peer_error)?);
        let ancestors = ancestors(visit, &clients, &client).await?;
        Ok(Self { client, ancestors, clients })
    }

    /// What the client stands directly below, where the person sees that.
    #[must_use]
    pub fn parent(&self) -> Option<&Client> {
        self.ancestors.last()
    }

    /// Whether the person's role on the client is at least this.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.client.role >= Some(role)
    }

    /// Whether the person may change what the client says and has made: a member may, unless it is archived.
    #[must_use]
    pub fn may_write(&self) -> bool {
        is_writable(&self.client)
    }

    /// Whether the person decides over the client from above: moves, archives, deletes it.
    #[must_use]
    pub fn may_decide(&self) -> bool {
        self.parent().is_some_and(|parent| parent.role >= Some(Role::Admin))
    }

    /// The address of one of its pages.
    #[must_use]
    pub fn href(&self, rest: &str) -> String {
        format!("/clients/{}{rest}", self.client.slug)
    }

    /// The frame of one of its pages.
    #[must_use]
    pub fn shell(&self, visit: &Visit, part: Part, title: String, notice: Option<&str>) -> Shell {
        let frame = Frame {
            title: title.into(),
            section: part.section(),
            switch: Switch::Part(part.path()),
            scope: Scope::AnyClient,
            client: Some(CurrentClient::new(&self.client)),
        };
        let mut shell = visit.shell(frame, &self.clients);
        shell.flash = shell.flash.or_else(|| notices::flash(notice));
        shell
    }

    /// The head of one of its pages.
    #[must_use]
    pub fn head(&self, visit: &Visit, part: Part) -> ClientHead {
        let tab = |it: Part| TabLink {
            label: it.label().into(),
            icon: it.icon().into(),
            href: self.href(it.path()),
            current: it == part,
        };
        ClientHead {
            name: self.client.name.clone(),
            slug: self.client.slug.clone(),
            kind: self.kind(),
            role: self.client.role.map(|role| format!("you are {}", role.as_str())).unwrap_or_default().into(),
            archived: self.client.archived_at.map(|at| Moment::new(at, visit.now())),
            crumbs: self
                .ancestors
                .iter()
                .map(|it| Crumb { label: it.name.clone(), href: format!("/clients/{}", it.slug) })
                .collect(),
            tabs: Part::ALL
                .into_iter()
                .filter(|it| it.role() == Role::Viewer || self.may(it.role()))
                .map(tab)
                .collect(),
        }
    }

    fn kind(&self) -> Text {
        match (self.client.client_type, self.parent()) {
            (ClientType::Customer, Some(parent)) if parent.client_type == ClientType::Root => "Direct client".into(),
            (ClientType::Customer, Some(parent)) => format!("Customer of {}", parent.name).into(),
            (kind, _) => kind_label(kind).into(),
        }
    }
}

/// A level in a word.
#[must_use]
pub const fn kind_label(kind: ClientType) -> &'static str {
    match kind {
        ClientType::Root => "Root",
        ClientType::Agency => "Agency",
        ClientType::Customer => "Customer",
    }
}

/// The icon of a level.
#[must_use]
pub const fn kind_icon(kind: ClientType) -> &'static str {
    match kind {
        ClientType::Root => "layers",
        ClientType::Agency => "users",
        ClientType::Customer => "building-2",
    }
}

/// What stands above, from the top: as the list of clients says, or asked for at once where that doesn't reach so far.
async fn ancestors(visit: &Visit, clients: &Clients, client: &Client) -> Result<Vec<Client>, ApiError> {
    let mut above = Vec::new();
    let mut next = client.parent_id;
    while let Some(id) = next.filter(|_| above.len() < MAX_ANCESTORS) {
        let Some(parent) = clients.by_id(id) else {
            if clients.is_whole() && !clients.is_away() {
                break;
            }
            let query = HierarchyQuery { depth: Some(0) };
            let hierarchy = visit.smm().hierarchy(&visit.principal(), client.id, &query).await.map_err(peer_error)?;
            return Ok(hierarchy.ancestors);
        };
        next = parent.parent_id;
        above.push(parent.clone());
    }
    above.reverse();
    Ok(above)
}
