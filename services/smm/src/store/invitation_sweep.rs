//! Invitations whose time is over: gone, whosever they were.

use hg_common::db::AnonymousTx;

/// Deletes at most `most` invitations that ended more than `days` ago; how many went.
pub(crate) async fn invitations_sweep(tx: &mut AnonymousTx, days: i32, most: i32) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT app.invitations_sweep(make_interval(days => $1), $2) AS "gone!""#, days, most)
        .fetch_one(&mut **tx)
        .await
}
