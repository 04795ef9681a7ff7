//! A strategy for blog posts on each level, so that an effective one is put together from three.

use anyhow::{Context as _, Result};
use sqlx::PgConnection;

/// What the root says.
const ROOT: &str = r#"{"tone": "professional", "word_count_range": [800, 1200], "seo_focus": true, "include_introduction": true,
    "include_conclusion": true}"#;
/// What an agency says.
const AGENCY: &str = r#"{"target_audience": "business professionals", "include_cta": true, "call_to_action": "contact for quote",
    "brand_guidelines": "Plain words, short sentences, no promises that can't be kept."}"#;
/// What a customer says.
const CUSTOMER: &str = r#"{"location_focus": "Cincinnati, Ohio", "seo_keywords": ["electrical contractor", "panel upgrade"],
    "technical_level": "beginner"}"#;

pub(super) async fn write(db: &mut PgConnection) -> Result<()> {
    sqlx::query(
        "WITH made AS (
           INSERT INTO strategies (client_id, name, content_type, configuration)
           SELECT id, 'Blog posts', 'blog_post',
                  CASE type WHEN 'root' THEN $1::jsonb WHEN 'agency' THEN $2::jsonb ELSE $3::jsonb END
             FROM clients
           RETURNING id, version, client_id, name, configuration
         )
         INSERT INTO strategy_versions (strategy_id, version, client_id, name, configuration)
         SELECT id, version, client_id, name, configuration FROM made",
    )
    .bind(ROOT)
    .bind(AGENCY)
    .bind(CUSTOMER)
    .execute(db)
    .await
    .context("cannot plant strategies")?;
    Ok(())
}
