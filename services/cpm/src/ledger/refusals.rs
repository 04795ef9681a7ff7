//! Which budgets refused jobs of late, so that a warning can say so. In memory: a refusal leaves no row behind, and what is
//! forgotten in a restart is soon refused again.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use hg_types::id::ClientRef;
use serde_json::{Value, json};

use super::BudgetExceeded;

/// More than these aren't remembered between two looks.
const MOST: usize = 1_000;

/// A job of whom was refused by which budget.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    client: String,
    scope: String,
    period: String,
}

/// What was refused since somebody last took it.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<Mutex<BTreeSet<Refusal>>>);

impl Refusals {
    /// Remembers a refusal.
    pub fn note(&self, client: &ClientRef, exceeded: &BudgetExceeded) {
        let client = match client {
            ClientRef::Id(id) => id.to_string(),
            ClientRef::Slug(slug) => slug.clone(),
        };
        let refusal = Refusal { client, scope: exceeded.scope.clone(), period: exceeded.period.clone() };
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST {
            noted.insert(refusal);
        }
    }

    /// All of them, as `app.budgets_warn` takes them; they are forgotten here.
    pub(super) fn take(&self) -> Value {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let as_json = |refusal: Refusal| {
            let by = if uuid::Uuid::parse_str(&refusal.client).is_ok() { "client" } else { "slug" };
            json!({ by: refusal.client, "scope": refusal.scope, "period": refusal.period })
        };
        noted.into_iter().map(as_json).collect()
    }
}
