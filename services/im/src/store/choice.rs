//! Which template a prompt is made from.

use hg_common::db::TenantTx;
use hg_types::{ClientId, ContentType, TemplateId};

/// The template that holds for a client.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// Its id.
    pub(crate) id: TemplateId,
    /// Its current version.
    pub(crate) version: i32,
    /// Its name.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) client_id: ClientId,
}

/// What the look-up found.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// The client's name.
    pub(crate) client_name: String,
    /// The client's slug.
    pub(crate) client_slug: String,
    /// The template; none where not even a default is there.
    pub(crate) template: Option<Choice>,
}

impl Chosen {
    /// What it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let name = self.template.as_ref().map_or(0, |choice| choice.name.len());
        size_of::<Self>() + self.client_name.len() + self.client_slug.len() + name
    }
}

/// The client's own active template, else its nearest ancestor's, else the default. Nothing for a client that the
/// scope doesn't see. Texts are left out: most of the time they are compiled already.
pub(crate) async fn choice_fetch(
    tx: &mut TenantTx,
    client: ClientId,
    content_type: ContentType,
) -> Result<Option<Chosen>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT c.name AS "client_name!", c.slug AS "client_slug!",
                  t.id AS "id?", t.version AS "version?", t.name AS "name?", t.client_id AS "client_id?"
             FROM app.ancestor_chain($1) AS c
             LEFT JOIN LATERAL (
               SELECT t.id, t.version, t.name, t.client_id
                 FROM app.ancestor_chain($1) AS above
                 JOIN prompt_templates t ON t.client_id = above.id
                WHERE t.content_type = $2::text::content_type AND t.is_active
                ORDER BY t.is_default, above.distance
                LIMIT 1
             ) AS t ON true
            WHERE c.distance = 0"#,
        client.uuid(),
        content_type.as_str(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| {
        let template = match (row.id, row.version, row.name, row.client_id) {
            (Some(id), Some(version), Some(name), Some(owner)) => {
                Some(Choice { id: id.into(), version, name, client_id: owner.into() })
            }
            _ => None,
        };
        Chosen { client_name: row.client_name, client_slug: row.client_slug, template }
    }))
}

/// The two texts of a version: system, user.
pub(crate) async fn choice_texts(
    tx: &mut TenantTx,
    id: TemplateId,
    version: i32,
) -> Result<Option<(String, String)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT system_template, template FROM prompt_template_versions WHERE template_id = $1 AND version = $2",
        id.uuid(),
        version,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.system_template, row.template)))
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
        for (scope, above) in [
            (Scope::Client(tenants.customer), None),
            (Scope::User(tenants.agency_people.viewer), Some("public.client_users")),
        ] {
            let mut tx = db.tenant(scope).await.unwrap();
            assert!(choice_fetch(&mut tx, tenants.customer, ContentType::BlogPost).await.unwrap().is_some());
            let read = ["public.clients", "public.prompt_templates"].into_iter().chain(above);
            assert_reads_are_marked(&mut tx, "templates", &read.collect::<Vec<_>>()).await;
            tx.commit().await.unwrap();
        }
    }
}
