//! Everything that is on record after a fault: in the database, at the provider, with callers and watchers. It judges nothing.

mod read;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hg_types::Usd;
use uuid::Uuid;

use crate::{load::Told, observer::Seen, system::Limit};

/// A job.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) topic: String,
    pub(crate) status: String,
    pub(crate) error_code: Option<String>,
    /// Nano-dollars.
    pub(crate) cost: Option<i64>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// Whether it still has a run.
    pub(crate) lives: bool,
}

/// What a job was charged.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Charge {
    pub(crate) job_id: Uuid,
    pub(crate) client_id: Uuid,
    /// Nano-dollars.
    pub(crate) amount: i64,
}

/// A provider call as the ledger has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LedgerCall {
    pub(crate) job_id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) attempt: i32,
    pub(crate) status: String,
    /// Nano-dollars.
    pub(crate) cost: i64,
    pub(crate) generation_id: Option<String>,
}

/// A provider call as the provider has it.
#[derive(Clone, Debug)]
pub(crate) struct ProviderCall {
    pub(crate) id: String,
    /// The number of the request that its prompt tells of.
    pub(crate) number: Option<u64>,
    /// Whether its last frame was sent.
    pub(crate) completed: bool,
    /// Whether it was answered at all, and so may be billed.
    pub(crate) answered: bool,
    /// Nano-dollars.
    pub(crate) cost: i64,
}

/// A row of idempotency.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Key {
    pub(crate) key: String,
    pub(crate) job_id: Uuid,
}

/// A stored event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Event {
    pub(crate) job_id: Uuid,
    pub(crate) seq: i32,
    pub(crate) kind: String,
}

/// A budget, summed over the days or months that it has rows of.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Budget {
    /// None is everybody's.
    pub(crate) client_id: Option<Uuid>,
    pub(crate) period: String,
    /// Nano-dollars, like all that follow.
    pub(crate) reserved: i64,
    pub(crate) spent: i64,
    pub(crate) spent_charged: i64,
}

/// A reservation that nobody settled.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct Open {
    pub(crate) job_id: Uuid,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    pub(crate) jobs: Vec<Job>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) calls: Vec<LedgerCall>,
    pub(crate) provider: Vec<ProviderCall>,
    pub(crate) keys: Vec<Key>,
    /// By job and number.
    pub(crate) events: Vec<Event>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) open: Vec<Open>,
    /// Whom a client is below.
    pub(crate) parents: BTreeMap<Uuid, Option<Uuid>>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) seen: Seen,
    pub(crate) told: Told,
}

impl Books {
    /// Whether what a client spends counts against a holder's budget.
    pub(crate) fn counts_against(&self, client: Uuid, holder: Option<Uuid>) -> bool {
        let Some(holder) = holder else { return true };
        let mut above = Some(client);
        while let Some(client) = above {
            if client == holder {
                return true;
            }
            above = self.parents.get(&client).copied().flatten();
        }
        false
    }

    /// A holder's limit of a day.
    pub(crate) fn limit_of(&self, holder: Option<Uuid>) -> Option<Usd> {
        self.limits.iter().find(|limit| Some(limit.holder) == holder).map(|limit| limit.daily)
    }
}
