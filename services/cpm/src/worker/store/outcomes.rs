//! Counting what came of jobs, off their path.

use hg_common::db::SystemDb;

/// Counts at most `most` jobs more that have ended; how many there were.
pub(in crate::worker) async fn outcomes_count(db: &SystemDb, most: i32) -> Result<i32, sqlx::Error> {
    let mut tx = db.begin().await?;
    let counted =
        sqlx::query_scalar!(r#"SELECT app.job_outcomes_count($1) AS "jobs!""#, most).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(counted)
}
