//! The two kinds of what is saved in versions, as their pages ask strategy management for them, and which of them an
//! address is about.

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use hg_common::http::ApiError;
use hg_contracts::{
    ClientError, Page,
    smm::{
        CompareVersions, Comparison, DeleteVersioned, FieldGuide, ListStrategies, ListVersions, RestoreVersion,
        SaveSeoRules, SaveStrategy, StrategyGuide, VersionSummary,
    },
};
use hg_types::{ClientId, ContentType, SeoRulesId, StrategyId};
use http::request::Parts;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::pages::{place::Place, visit::Visit};

/// A strategy, or SEO rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// How content shall be.
    Strategy,
    /// From where to where SEO checks are content.
    SeoRules,
}

/// What a client has of its own.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// Its id.
    pub(crate) id: Uuid,
    /// Its name; empty for SEO rules.
    pub(crate) name: String,
    /// Its newest version.
    pub(crate) version: i32,
    /// Whether it is in force.
    pub(crate) is_active: bool,
    /// What it says.
    pub(crate) fields: Map<String, Value>,
    /// When it was saved last.
    pub(crate) saved_at: DateTime<Utc>,
}

/// What is saved.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// The name; empty for SEO rules.
    pub(crate) name: String,
    /// What it says.
    pub(crate) fields: Map<String, Value>,
    /// Why.
    pub(crate) note: Option<String>,
    /// On which version it is based.
    pub(crate) version: Option<i32>,
}

/// What is typed isn't what the contract has: the guide and the contract are of different versions.
#[derive(Debug, thiserror::Error)]
#[error("the fields don't fit the contract")]
pub(crate) struct Unfit(#[from] serde_json::Error);

/// A save was refused, or couldn't be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveFailed {
    /// See there.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// See there.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Kind {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Strategy, Self::SeoRules];

    /// Its part of addresses.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Strategy => "strategies",
            Self::SeoRules => "seo-rules",
        }
    }

    /// What people call it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Strategy => "Strategy",
            Self::SeoRules => "SEO rules",
        }
    }

    /// What stands before a field's name in a refusal, and in an explanation.
    pub(crate) const fn prefixes(self) -> (&'static str, &'static str) {
        match self {
            Self::Strategy => ("configuration.", ""),
            Self::SeoRules => ("rules.", "seo."),
        }
    }

    /// Its fields; none where it doesn't apply.
    pub(crate) fn fields(self, guide: &StrategyGuide) -> &[FieldGuide] {
        match self {
            Self::Strategy => &guide.strategy,
            Self::SeoRules => &guide.seo_rules,
        }
    }

    /// Whether it exists for a content type: search engines list neither posts nor e-mails.
    pub(crate) const fn applies(self, content_type: ContentType) -> bool {
        match (self, content_type) {
            (Self::Strategy, _)
            | (_, ContentType::BlogPost | ContentType::PressRelease | ContentType::ProductDescription) => true,
            (Self::SeoRules, ContentType::SocialMedia | ContentType::EmailCampaign) => false,
        }
    }

    /// All that a client has of this kind, deleted ones included, with their content types.
    pub(crate) async fn all(self, visit: &Visit, client: ClientId) -> Result<Vec<(ContentType, Own)>, ClientError> {
        let (principal, query) = (visit.principal(), ListStrategies { deleted: Some(true) });
        Ok(match self {
            Self::Strategy => {
                let page = visit.smm().list_strategies(&principal, client, &query).await?;
                let own = page.data.into_iter().map(|it| {
                    let own = Own {
                        id: it.id.uuid(),
                        name: it.name,
                        version: it.version,
                        is_active: it.is_active,
                        fields: map_of(&it.configuration),
                        saved_at: it.updated_at,
                    };
                    (it.content_type, own)
                });
                own.collect()
            }
            Self::SeoRules => {
                let page = visit.smm().list_seo_rules(&principal, client, &query).await?;
                let own = page.data.into_iter().map(|it| {
                    let own = Own {
                        id: it.id.uuid(),
                        name: String::new(),
                        version: it.version,
                        is_active: it.is_active,
                        fields: map_of(&it.rules),
                        saved_at: it.updated_at,
                    };
                    (it.content_type, own)
                });
                own.collect()
            }
        })
    }

    /// What a client has for a content type: what is in force, else what was deleted last.
    pub(crate) async fn own(
        self,
        visit: &Visit,
        client: ClientId,
        content_type: ContentType,
    ) -> Result<Option<Own>, ClientError> {
        let all = self.all(visit, client).await?;
        Ok(newest(all.into_iter().filter(|(it, _)| *it == content_type).map(|(_, own)| own)))
    }

    /// Saves a first or a further version.
    pub(crate) async fn save(
        self,
        visit: &Visit,
        client: ClientId,
        content_type: ContentType,
        known: Option<Uuid>,
        saved: Saved,
    ) -> Result<(), SaveFailed> {
        let (principal, smm) = (visit.principal(), visit.smm());
        let Saved { name, fields, note, version } = saved;
        match self {
            Self::Strategy => {
                let save = SaveStrategy { name, content_type, configuration: read(fields)?, note, version };
                match known {
                    Some(id) => smm.update_strategy(&principal, StrategyId(id), &save).await?,
                    None => smm.create_strategy(&principal, client, &save).await?,
                };
            }
            Self::SeoRules => {
                let save = SaveSeoRules { content_type, rules: read(fields)?, note, version };
                match known {
                    Some(id) => smm.update_seo_rules(&principal, SeoRulesId(id), &save).await?,
                    None => smm.create_seo_rules(&principal, client, &save).await?,
                };
            }
        }
        Ok(())
    }

    /// Takes it out of force, if this is its newest version.
    pub(crate) async fn delete(self, visit: &Visit, id: Uuid, version: i32) -> Result<(), ClientError> {
        let known = DeleteVersioned { version: Some(version) };
        match self {
            Self::Strategy => visit.smm().delete_strategy(&visit.principal(), StrategyId(id), &known).await,
            Self::SeoRules => visit.smm().delete_seo_rules(&visit.principal(), SeoRulesId(id), &known).await,
        }
    }

    /// A page of its versions.
    pub(crate) async fn versions(
        self,
        visit: &Visit,
        id: Uuid,
        query: &ListVersions,
    ) -> Result<Page<VersionSummary>, ClientError> {
        match self {
            Self::Strategy => visit.smm().strategy_versions(&visit.principal(), StrategyId(id), query).await,
            Self::SeoRules => visit.smm().seo_rules_versions(&visit.principal(), SeoRulesId(id), query).await,
        }
    }

    /// Two versions.
    pub(crate) async fn compare(
        self,
        visit: &Visit,
        id: Uuid,
        versions: CompareVersions,
    ) -> Result<Comparison, ClientError> {
        match self {
            Self::Strategy => visit.smm().compare_strategy(&visit.principal(), StrategyId(id), versions).await,
            Self::SeoRules => visit.smm().compare_seo_rules(&visit.principal(), SeoRulesId(id), versions).await,
        }
    }

    /// Saves an earlier version as a new one.
    pub(crate) async fn restore(
        self,
        visit: &Visit,
        id: Uuid,
        version: i32,
        how: &RestoreVersion,
    ) -> Result<(), ClientError> {
        let (principal, smm) = (visit.principal(), visit.smm());
        match self {
            Self::Strategy => smm.restore_strategy(&principal, StrategyId(id), version, how).await.map(drop),
            Self::SeoRules => smm.restore_seo_rules(&principal, SeoRulesId(id), version, how).await.map(drop),
        }
    }
}

/// What is in force, else what was saved last.
pub(crate) fn newest(all: impl Iterator<Item = Own>) -> Option<Own> {
    all.max_by_key(|own| (own.is_active, own.saved_at))
}

fn map_of<T: Serialize>(fields: &T) -> Map<String, Value> {
    match serde_json::to_value(fields) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Unfit> {
    Ok(serde_json::from_value(Value::Object(fields))?)
}

/// What an address below `/clients/{slug}/{strategies,seo-rules}/{content_type}` is about.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    /// The client's slug, as it came.
    pub(crate) slug: String,
    /// Which kind.
    pub(crate) kind: Kind,
    /// For what.
    pub(crate) content_type: ContentType,
}

impl Spot {
    /// The address of one of its pages.
    pub(crate) fn href(&self, place: &Place, rest: &str) -> String {
        place.href(&format!("/{}/{}{rest}", self.kind.path(), self.content_type.as_str()))
    }
}

impl<S: Sync> FromRequestParts<S> for Spot {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let not_found = || ApiError::not_found("page");
        let mut segments = parts.uri.path().split('/').skip(2);
        let slug = segments.next().ok_or_else(not_found)?.to_owned();
        let kind = segments.next().and_then(|it| Kind::ALL.into_iter().find(|kind| kind.path() == it));
        let content_type = segments.next().and_then(|it| it.parse::<ContentType>().ok());
        match (kind, content_type) {
            (Some(kind), Some(content_type)) if kind.applies(content_type) => Ok(Self { slug, kind, content_type }),
            _ => Err(not_found()),
        }
    }
}
