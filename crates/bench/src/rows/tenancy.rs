//! What CPM asks its helpers on a tenant's behalf, with a token per tenant.

use anyhow::Result;
use hg_common::auth::{Principal, Service};
use serde_json::Value;

use crate::system::System;
use hg_rig::http::Call;

/// A bearer header's value per tenant, as CPM would send it to `callee`. Good for a minute: make them anew for each round.
pub(super) fn bearers(system: &System, callee: Service) -> Result<Vec<String>> {
    let tenants = system.tenants();
    let of = |tenant: &hg_rig::plant::Tenant| {
        let principal = Principal::Service { name: Service::Cpm, client: tenant.id };
        Ok(format!("Bearer {}", system.token(Service::Cpm, callee, &principal)?))
    };
    tenants.iter().map(of).collect()
}

/// The question for a tenant's effective strategy.
pub(super) fn strategy_call(client: hg_types::ClientId, bearer: &str) -> Call {
    Call::get(format!("/clients/{client}/effective-strategy?content_type=blog_post")).header("authorization", bearer)
}

/// Whether an effective strategy was put together from all levels.
pub(super) fn check_strategy(strategy: &Value) -> Result<()> {
    let levels: Vec<&str> =
        strategy["sources"].as_array().into_iter().flatten().filter_map(|source| source["level"].as_str()).collect();
    anyhow::ensure!(levels.starts_with(&["client", "agency", "root"]), "not from all levels: {levels:?}");
    for (field, wanted) in
        [("location_focus", "Cincinnati, Ohio"), ("call_to_action", "contact for quote"), ("tone", "professional")]
    {
        anyhow::ensure!(strategy["values"][field] == wanted, "{field} is {}", strategy["values"][field]);
    }
    Ok(())
}
