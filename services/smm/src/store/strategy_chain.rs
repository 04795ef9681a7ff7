//! The chain that an effective strategy is resolved from.

use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::ClientFacts;
use hg_types::{ContentType, id::ClientRef};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::effective::{Link, Saved};

/// The client and, from it upwards, everybody's active strategy and SEO rules for the content type, in one round trip.
/// Nothing for a client that the scope doesn't see.
pub(crate) async fn strategy_chain(
    tx: &mut TenantTx,
    reference: &ClientRef,
    content_type: ContentType,
) -> Result<Option<(ClientFacts, Vec<Link>)>, sqlx::Error> {
    let (id, slug) = match reference {
        ClientRef::Id(id) => (Some(id.uuid()), None),
        ClientRef::Slug(slug) => (None, Some(slug.as_str())),
    };
    let rows = sqlx::query!(
        r#"SELECT client_id AS "client_id!", client_name AS "client_name!", client_slug AS "client_slug!",
                  client_type::text AS "client_type!", distance AS "distance!",
                  metadata AS "metadata: Json<Map<String, Value>>", strategy_id, strategy_version,
                  configuration AS "configuration: Json<Map<String, Value>>", rules_id, rules_version,
                  rules AS "rules: Json<Map<String, Value>>"
             FROM app.strategy_chain($1, $2, $3::text::content_type)"#,
        id,
        slug,
        content_type.as_str(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut facts = None;
    let mut chain = Vec::with_capacity(rows.len());
    for row in rows {
        facts.get_or_insert_with(|| ClientFacts {
            id: row.client_id.into(),
            name: row.client_name.clone(),
            slug: row.client_slug,
            metadata: row.metadata.map(|metadata| metadata.0).unwrap_or_default(),
        });
        let strategy = saved(row.strategy_id, row.strategy_version, row.configuration);
        let seo_rules = saved(row.rules_id, row.rules_version, row.rules);
        chain.push(Link {
            client_id: row.client_id.into(),
            client_name: row.client_name,
            client_type: parsed(&row.client_type)?,
            distance: row.distance,
            strategy,
            seo_rules,
        });
    }
    Ok(facts.map(|facts| (facts, chain)))
}

fn saved<Id: From<Uuid>>(
    id: Option<Uuid>,
    version: Option<i32>,
    fields: Option<Json<Map<String, Value>>>,
) -> Option<Saved<Id>> {
    Some(Saved { id: id?.into(), version: version?, fields: fields?.0 })
}

#[cfg(test)]
mod tests {
    use hg_common::db::Scope;
    use hg_testkit::{Tenants, TestDb, assert_reads_are_marked};

    use super::*;

    #[tokio::test]
    async fn whatever_it_reads_ends_what_is_remembered_of_it() {
        let database = TestDb::new().await;
        let tenants = Tenants::plant(&database).await;
        let db = database.db().await;
        let slug = ClientRef::Slug("cincinnati-electrician".to_owned());
        for (scope, client, above) in [
            (Scope::Client(tenants.customer), ClientRef::Id(tenants.customer), None),
            (Scope::User(tenants.agency_people.viewer), slug, Some("public.client_users")),
        ] {
            let mut tx = db.tenant(scope).await.unwrap();
            assert!(strategy_chain(&mut tx, &client, ContentType::BlogPost).await.unwrap().is_some());
            let read = ["public.clients", "public.strategies", "public.seo_rules"].into_iter().chain(above);
            assert_reads_are_marked(&mut tx, "strategies", &read.collect::<Vec<_>>()).await;
            tx.commit().await.unwrap();
        }
    }
}
