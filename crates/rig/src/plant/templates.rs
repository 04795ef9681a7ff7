//! The default template of each content type, as `hg seed` writes them.

use anyhow::{Context as _, Result};
use hg_types::{ClientId, ContentType};
use sqlx::PgConnection;

/// A content type, and what is said to the model. The texts belong to the instructions service, and are read from its folder.
type Default = (ContentType, &'static str, &'static str);

macro_rules! default {
    ($content_type:ident, $file:literal) => {
        (
            ContentType::$content_type,
            include_str!(concat!("../../../../services/im/templates/defaults/", $file, ".system.jinja")),
            include_str!(concat!("../../../../services/im/templates/defaults/", $file, ".user.jinja")),
        )
    };
}

const DEFAULTS: [Default; 5] = [
    default!(BlogPost, "blog_post"),
    default!(SocialMedia, "social_media"),
    default!(EmailCampaign, "email_campaign"),
    default!(PressRelease, "press_release"),
    default!(ProductDescription, "product_description"),
];

pub(super) async fn write(db: &mut PgConnection, root: ClientId) -> Result<()> {
    for (content_type, system, user) in DEFAULTS {
        sqlx::query(
            "WITH made AS (
               INSERT INTO prompt_templates (client_id, name, content_type, system_template, template, is_default)
               VALUES ($1, 'Default ' || $2, $2::content_type, $3, $4, true)
               RETURNING id, version, client_id, name, system_template, template, variables
             )
             INSERT INTO prompt_template_versions (template_id, version, client_id, name, system_template, template, variables)
             SELECT id, version, client_id, name, system_template, template, variables FROM made",
        )
        .bind(root.uuid())
        .bind(content_type.as_str())
        .bind(system)
        .bind(user)
        .execute(&mut *db)
        .await
        .with_context(|| format!("cannot plant the default template for {content_type}"))?;
    }
    Ok(())
}
