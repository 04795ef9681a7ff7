//! The service under test.

use hg_common::auth::Service;
use hg_testkit::{Tenants, TestDb, TestService};

/// With the hierarchy of the reference documents and the default templates.
pub(crate) async fn start() -> TestService {
    let im = TestService::start(Service::Im, hg_im::build).await;
    plant_defaults(&im.db, &im.tenants).await;
    im
}

/// What `hg seed` writes: a default template for each content type.
async fn plant_defaults(db: &TestDb, tenants: &Tenants) {
    let mut superuser = db.superuser().await;
    for template in hg_im::domain::defaults::DEFAULTS {
        sqlx::query(
            "WITH made AS (
               INSERT INTO prompt_templates (client_id, name, content_type, system_template, template, is_default)
               VALUES ($1, $2, $3::text::content_type, $4, $5, true)
               RETURNING id, version, client_id, name, system_template, template, variables
             )
             INSERT INTO prompt_template_versions (template_id, version, client_id, name, system_template, template, variables)
             SELECT id, version, client_id, name, system_template, template, variables FROM made",
        )
        .bind(tenants.root.uuid())
        .bind(template.name)
        .bind(template.content_type.as_str())
        .bind(template.system)
        .bind(template.user)
        .execute(&mut superuser)
        .await
        .unwrap();
    }
}
