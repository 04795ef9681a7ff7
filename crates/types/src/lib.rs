//! The words that every part of the system shares: ids, money and enums.
//!
//! Nothing here does input or output, and nothing here knows a service. A type belongs here when
//! at least two crates must agree on it; everything else lives with its owner.

pub mod content;
pub mod data_job;
pub mod id;
pub mod money;
pub mod provider;
pub mod tenancy;

pub use content::{ContentType, JobStatus, Length};
pub use data_job::DataJobKind;
pub use id::{
    ApiKeyId, ClientId, DataJobId, InvitationId, JobId, SeoRulesId, SessionId, StrategyId, TemplateId, UserId,
};
pub use money::Usd;
pub use provider::Provider;
pub use tenancy::{ClientType, Role};
