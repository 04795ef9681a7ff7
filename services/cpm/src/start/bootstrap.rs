//! What the operator's environment puts into the database at each start: global limits and API keys.

use hg_common::{auth::api_key, db::SystemDb};

use crate::{
    config::Config,
    store::{
        bootstrap_keys::{Bootstrapped, bootstrap_key_put, bootstrap_keys_revoke_others},
        budget_limits::global_limits_put,
    },
};

pub(super) async fn run(db: &SystemDb, config: &Config) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    global_limits_put(&mut tx, config.money.daily_limit, config.money.monthly_limit).await?;
    // By itself: whoever moves money waits until a changed limit is committed.
    tx.commit().await?;
    let Some(keys) = &config.client_api_keys else { return Ok(()) };
    let mut tx = db.begin().await?;
    let mut in_force = Vec::new();
    for (client, key) in &keys.0 {
        match bootstrap_key_put(&mut tx, client, &api_key::hash(key.expose())).await? {
            Bootstrapped::InForce(id) => in_force.push(id),
            Bootstrapped::Revoked => {
                tracing::warn!(%client, "CPM_CLIENT_API_KEYS gives this client a key that was revoked: it stays out of force, give another");
            }
            Bootstrapped::UnknownClient => {
                tracing::warn!(%client, "CPM_CLIENT_API_KEYS names a client that doesn't exist: its key is not in force");
            }
            Bootstrapped::TakenByAnother => {
                tracing::warn!(%client, "CPM_CLIENT_API_KEYS gives this client a key that belongs to another: it is not in force");
            }
        }
    }
    let revoked = bootstrap_keys_revoke_others(&mut tx, &in_force).await?;
    if revoked > 0 {
        tracing::info!(revoked, "keys that CPM_CLIENT_API_KEYS no longer holds are revoked");
    }
    tx.commit().await
}
