//! Strategy management: clients, memberships, invitations, strategies. One module per concept, with its wire types.

mod audit;
mod client;
mod data;
mod effective;
mod guide;
mod invitation;
mod member;
mod seo;
mod strategy;
mod strategy_client;
mod versions;

use hg_common::auth::Principal;
use hg_types::{ClientId, ContentType, StrategyId};
use http::Method;

pub use self::{
    audit::{AuditActor, AuditActorKind, AuditEntry, AuditFormat, ExportAudit, ListAudit},
    client::{
        Archived, Client, ClientContents, ClientTree, CreateClient, DeleteClient, Deletion, Hierarchy, HierarchyQuery,
        ListClients, MoveClient, TreeNode, TreeQuery, UpdateClient,
    },
    data::{
        ConfirmErasure, DataJob, DataJobPart, Erasure, ExportFile, ExportScope, Going, ListDataJobs, OwnedClient,
        Remaining, RequestExport, Retention, RetentionValue, SaveRetention,
    },
    effective::{
        ClientFacts, EffectiveSeoRules, EffectiveStrategy, EffectiveStrategyQuery, Explanation, Level, OverriddenValue,
        SeoSource, StrategySource, ValueSource,
    },
    guide::{FieldGuide, FieldKind, PlatformGuide, StrategyGuide, StrategyGuideQuery},
    invitation::{
        AcceptedInvitation, Invitation, InvitationPreview, InvitationState, InvitationToken, Invite, ListInvitations,
        SentInvitation,
    },
    member::{ChangeMember, ListMembers, Member, PutMember},
    seo::{SaveSeoRules, SeoRuleFields, SeoRules, SeoRulesVersion},
    strategy::{ListStrategies, SaveStrategy, Strategy, StrategyFields, StrategyVersion, WordRange},
    versions::{
        Author, ChangeKind, CompareVersions, Comparison, DeleteVersioned, FieldChange, ListVersions, RestoreVersion,
        VersionInfo, VersionSummary, understood_fields,
    },
};
use crate::{
    Page,
    client::{ClientError, Peer, path_segment as encode},
};

/// Talks to SMM.
#[derive(Clone, Debug)]
pub struct SmmClient(pub Peer);

impl SmmClient {
    /// A client's own strategies.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn strategies(&self, on_behalf: &Principal, id: ClientId) -> Result<Page<Strategy>, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{id}/strategies")).await
    }

    /// Makes a client's strategy for a content type.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn create_strategy(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        new: &SaveStrategy,
    ) -> Result<Strategy, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{id}/strategies"), new).await
    }

    /// One strategy.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a strategy.
    pub async fn get_strategy(&self, on_behalf: &Principal, id: StrategyId) -> Result<Strategy, ClientError> {
        self.0.get(on_behalf, &format!("/strategies/{id}")).await
    }

    /// Saves a new version of a strategy.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn update_strategy(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        change: &SaveStrategy,
    ) -> Result<Strategy, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/strategies/{id}"), change).await
    }

    /// Deletes a strategy: what it said is inherited from then on.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 when somebody was quicker.
    pub async fn delete_strategy(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        known: &DeleteVersioned,
    ) -> Result<(), ClientError> {
        self.0.delete_query(on_behalf, &format!("/strategies/{id}"), known).await
    }

    /// The strategy that holds for a client.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn effective_strategy(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        content_type: ContentType,
    ) -> Result<EffectiveStrategy, ClientError> {
        let path = format!("/clients/{client}/effective-strategy");
        self.0.get_query(on_behalf, &path, &EffectiveStrategyQuery { content_type, explain: None }).await
    }
}
