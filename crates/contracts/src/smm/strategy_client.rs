//! Calls about versions, the effective strategy and SEO rules.

use hg_common::auth::Principal;
use hg_types::{ClientId, SeoRulesId, StrategyId};
use http::Method;

use super::{
    CompareVersions, Comparison, DeleteVersioned, EffectiveStrategy, EffectiveStrategyQuery, ListStrategies,
    ListVersions, RestoreVersion, SaveSeoRules, SeoRules, SeoRulesVersion, SmmClient, Strategy, StrategyGuide,
    StrategyGuideQuery, StrategyVersion, VersionSummary,
};
use crate::{Page, client::ClientError};

impl SmmClient {
    /// What may be written into the strategies and SEO rules of a content type.
    ///
    /// # Errors
    /// When SMM is away.
    pub async fn strategy_guide(
        &self,
        on_behalf: &Principal,
        query: StrategyGuideQuery,
    ) -> Result<StrategyGuide, ClientError> {
        self.0.get_query(on_behalf, "/strategy-guide", &query).await
    }

    /// A client's own strategies, on demand with those that were deleted.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn list_strategies(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        query: &ListStrategies,
    ) -> Result<Page<Strategy>, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{client}/strategies"), query).await
    }

    /// The strategy that holds for a client, on demand with what each value overrides.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn effective_strategy_with(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        query: &EffectiveStrategyQuery,
    ) -> Result<EffectiveStrategy, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{client}/effective-strategy"), query).await
    }

    /// A page of a strategy's versions, newest first.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a strategy.
    pub async fn strategy_versions(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        query: &ListVersions,
    ) -> Result<Page<VersionSummary>, ClientError> {
        self.0.get_query(on_behalf, &format!("/strategies/{id}/versions"), query).await
    }

    /// One version of a strategy.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a version.
    pub async fn strategy_version(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        version: i32,
    ) -> Result<StrategyVersion, ClientError> {
        self.0.get(on_behalf, &format!("/strategies/{id}/versions/{version}")).await
    }

    /// Two versions of a strategy, field by field.
    ///
    /// # Errors
    /// When SMM is away, or there is no such strategy or version for the caller.
    pub async fn compare_strategy(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        versions: CompareVersions,
    ) -> Result<Comparison, ClientError> {
        self.0.get_query(on_behalf, &format!("/strategies/{id}/compare"), &versions).await
    }

    /// Saves an earlier version of a strategy as a new one.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 when somebody was quicker.
    pub async fn restore_strategy(
        &self,
        on_behalf: &Principal,
        id: StrategyId,
        version: i32,
        how: &RestoreVersion,
    ) -> Result<Strategy, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/strategies/{id}/versions/{version}/restore"), how).await
    }

    /// A client's own SEO rules, on demand with those that were deleted.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn list_seo_rules(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        query: &ListStrategies,
    ) -> Result<Page<SeoRules>, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{client}/seo-rules"), query).await
    }

    /// Makes a client's SEO rules for a content type.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn create_seo_rules(
        &self,
        on_behalf: &Principal,
        client: ClientId,
        new: &SaveSeoRules,
    ) -> Result<SeoRules, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{client}/seo-rules"), new).await
    }

    /// One client's SEO rules for one content type.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such rules.
    pub async fn get_seo_rules(&self, on_behalf: &Principal, id: SeoRulesId) -> Result<SeoRules, ClientError> {
        self.0.get(on_behalf, &format!("/seo-rules/{id}")).await
    }

    /// Saves a new version of SEO rules.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 when somebody was quicker.
    pub async fn update_seo_rules(
        &self,
        on_behalf: &Principal,
        id: SeoRulesId,
        change: &SaveSeoRules,
    ) -> Result<SeoRules, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/seo-rules/{id}"), change).await
    }

    /// Deletes SEO rules: what they said is inherited from then on.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 when somebody was quicker.
    pub async fn delete_seo_rules(
        &self,
        on_behalf: &Principal,
        id: SeoRulesId,
        known: &DeleteVersioned,
    ) -> Result<(), ClientError> {
        self.0.delete_query(on_behalf, &format!("/seo-rules/{id}"), known).await
    }

    /// A page of the versions of SEO rules, newest first.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such rules.
    pub async fn seo_rules_versions(
        &self,
        on_behalf: &Principal,
        id: SeoRulesId,
        query: &ListVersions,
    ) -> Result<Page<VersionSummary>, ClientError> {
        self.0.get_query(on_behalf, &format!("/seo-rules/{id}/versions"), query).await
    }

    /// One version of SEO rules.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a version.
    pub async fn seo_rules_version(
        &self,
        on_behalf: &Principal,
        id: SeoRulesId,
        version: i32,
    ) -> Result<SeoRulesVersion, ClientError> {
        self.0.get(on_behalf, &format!("/seo-rules/{id}/versions/{version}")).await
    }

    /// Two versions of SEO rules, field by field.
    ///
    /// # Errors
    /// When SMM is away, or there are no such rules or version for the caller.
    pub async fn compare_seo_rules(
        &self,
        on_behalf: &Principal,
        id: SeoRulesId,
        versions: CompareVersions,
    ) -> Result<Comparison, ClientError> {
        self.0.get_query(on_behalf, &format!("/seo-rules/{id}/compare"), &versions).await
    }

    /// Saves an earlier version of SEO rules as a new one.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 when somebody was quicker.
    pub async fn restore_seo_rules(
        &self,
        on_behalf: &Principal,
        id: SeoRulesId,
        version: i32,
        how: &RestoreVersion,
    ) -> Result<SeoRules, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/seo-rules/{id}/versions/{version}/restore"), how).await
    }
}
