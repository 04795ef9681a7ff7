//! The default template for blog posts, as `hg seed` writes it.

use anyhow::{Context as _, Result};
use hg_types::ClientId;
use sqlx::PgConnection;

/// The texts belong to the instructions service, and are read from its folder.
const SYSTEM: &str = include_str!("../../../../services/im/templates/defaults/blog_post.system.jinja");
const USER: &str = include_str!("../../../../services/im/templates/defaults/blog_post.user.jinja");

pub(super) async fn write(db: &mut PgConnection, root: ClientId) -> Result<()> {
    sqlx::query(
        "WITH made AS (
           INSERT INTO prompt_templates (client_id, name, content_type, system_template, template, is_default)
           VALUES ($1, 'Default blog post', 'blog_post', $2, $3, true)
           RETURNING id, version, client_id, name, system_template, template, variables
         )
         INSERT INTO prompt_template_versions (template_id, version, client_id, name, system_template, template, variables)
         SELECT id, version, client_id, name, system_template, template, variables FROM made",
    )
    .bind(root.uuid())
    .bind(SYSTEM)
    .bind(USER)
    .execute(db)
    .await
    .context("cannot plant the default template")?;
    Ok(())
}
