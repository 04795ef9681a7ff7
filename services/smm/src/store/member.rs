//! Memberships of one client.

use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::Member;
use hg_types::{ClientId, Role, UserId};

/// Everybody who is a member of this very client, the strongest first.
pub(crate) async fn member_list(tx: &mut TenantTx, client: ClientId) -> Result<Vec<Member>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id AS "user_id!", email AS "email!", display_name AS "display_name!", role::text AS "role!",
                  created_at AS "created_at!"
             FROM app.client_members($1)"#,
        client.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Member {
                user_id: row.user_id.into(),
                email: row.email,
                display_name: row.display_name,
                role: parsed(&row.role)?,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// A page of them, or only one person. `after` is the role and address of the last member of the page before.
pub(crate) async fn member_page(
    tx: &mut TenantTx,
    client: ClientId,
    only: Option<UserId>,
    after: Option<&(Role, String)>,
    limit: i64,
) -> Result<Vec<Member>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id AS "user_id!", email AS "email!", display_name AS "display_name!", role::text AS "role!",
                  created_at AS "created_at!"
             FROM app.client_members($1)
            WHERE ($2::text IS NULL OR role < $2::text::member_role OR (role = $2::text::member_role AND email > $3))
              AND ($5::uuid IS NULL OR user_id = $5)
            ORDER BY role DESC, email
            LIMIT $4"#,
        client.uuid(),
        after.map(|(role, _)| role.as_str()),
        after.map(|(_, email)| email.as_str()),
        limit,
        only.map(UserId::uuid),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Member {
                user_id: row.user_id.into(),
                email: row.email,
                display_name: row.display_name,
                role: parsed(&row.role)?,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The roles of all members. Those that the caller may change are locked until the transaction ends: two owners who
/// remove each other must not both win.
pub(crate) async fn member_roles_lock(tx: &mut TenantTx, client: ClientId) -> Result<Vec<(UserId, Role)>, sqlx::Error> {
    sqlx::query!(
        r#"SELECT user_id, role::text AS "role!" FROM client_users WHERE client_id = $1 ORDER BY user_id FOR UPDATE"#,
        client.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    // FOR UPDATE leaves out whom the caller may not change (an admin: the owners), so everybody is read afterwards.
    let members = member_list(tx, client).await?;
    Ok(members.into_iter().map(|member| (member.user_id, member.role)).collect())
}

/// The account behind an e-mail address; only an administrator of some client is told.
pub(crate) async fn member_account(tx: &mut TenantTx, email: &str) -> Result<Option<UserId>, sqlx::Error> {
    let id = sqlx::query_scalar!("SELECT app.user_id_by_email($1)", email).fetch_one(&mut **tx).await?;
    Ok(id.map(UserId))
}

/// Makes somebody a member or changes the role.
pub(crate) async fn member_put(
    tx: &mut TenantTx,
    client: ClientId,
    user: UserId,
    role: Role,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, $3::text::member_role)
         ON CONFLICT (client_id, user_id) DO UPDATE SET role = EXCLUDED.role",
        client.uuid(),
        user.uuid(),
        role.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a membership; says whether there was one.
pub(crate) async fn member_delete(tx: &mut TenantTx, client: ClientId, user: UserId) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query!("DELETE FROM client_users WHERE client_id = $1 AND user_id = $2", client.uuid(), user.uuid())
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the caller's own membership; says whether there was one.
pub(crate) async fn member_leave(tx: &mut TenantTx, client: ClientId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT app.client_leave($1) AS "left!""#, client.uuid()).fetch_one(&mut **tx).await
}
