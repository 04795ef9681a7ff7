//! Invitations: who invites whom as what, and how often a link works.

use hg_common::db::{Db, detail};
use hg_contracts::{
    Page,
    smm::{AcceptedInvitation, Invitation, InvitationPreview, InvitationState, Member, SentInvitation},
};
use hg_testkit::{Answer, Api, TestService};
use hg_types::{ClientId, Role};
use http::Method;
use serde_json::json;

use crate::harness::start;

const STRANGER: &str = "stranger@example.com";

fn path(client: ClientId) -> String {
    format!("/clients/{client}/invitations")
}

async fn invite(api: &Api, client: ClientId, email: &str, role: &str) -> Answer {
    api.post(&path(client), &json!({"email": email, "role": role})).await
}

async fn accept(api: &Api, token: &str) -> Answer {
    api.post("/invitations/accept", &json!({"token": token})).await
}

async fn resend(api: &Api, invitation: &Invitation) -> Answer {
    let path = format!("{}/{}/resend", path(invitation.client_id), invitation.id);
    api.request(Method::POST, &path, None::<&()>).await
}

async fn sql(smm: &TestService, statement: &'static str) {
    sqlx::query(statement).execute(&mut smm.db.superuser().await).await.unwrap();
}

#[tokio::test]
async fn a_link_makes_a_member_once() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.customer_people.admin);
    let sent: SentInvitation = invite(&admin, t.customer, " Stranger@Example.com ", "member").await.expect(201).parse();
    assert_eq!((sent.invitation.email.as_str(), sent.invitation.role), (STRANGER, Role::Member));
    assert_eq!((sent.invitation.state, sent.token.len()), (InvitationState::Open, 43));
    assert_eq!(sent.invitation.invited_by.as_deref(), Some("admin"));
    let lives = sent.invitation.expires_at - sent.invitation.created_at;
    assert_eq!(lives.num_days(), 7);
    // The secret is nowhere in the database.
    let kept: bool = sqlx::query_scalar("SELECT bool_or(i::text LIKE '%' || $1 || '%') FROM invitations i")
        .bind(&sent.token)
        .fetch_one(&mut smm.db.superuser().await)
        .await
        .unwrap();
    assert!(!kept);

    let stranger = smm.person(t.stranger);
    let preview: InvitationPreview =
        stranger.post("/invitations/preview", &json!({"token": sent.token})).await.expect(200).parse();
    assert_eq!((preview.client_name.as_str(), preview.role), ("Cincinnati Electrician Co.", Role::Member));
    assert_eq!((preview.state, preview.has_account), (InvitationState::Open, true));
    // Somebody else who came by the link gets nothing; looking spent nothing.
    let other = smm.person(t.other_customer_people.owner);
    assert_eq!(accept(&other, &sent.token).await.expect(403).code(), "invitation_for_another");
    let _ = smm.worker(t.customer).post("/invitations/accept", &json!({"token": sent.token})).await.expect(403);
    let _ = stranger.get(&format!("/clients/{}", t.customer)).await.expect(404);

    let accepted: AcceptedInvitation = accept(&stranger, &sent.token).await.expect(200).parse();
    assert_eq!(accepted, AcceptedInvitation { client_id: t.customer, role: Role::Member });
    let _ = stranger.get(&format!("/clients/{}", t.customer)).await.expect(200);
    assert_eq!(accept(&stranger, &sent.token).await.expect(409).code(), "invitation_accepted");
    assert_eq!(resend(&admin, &sent.invitation).await.expect(409).code(), "invitation_accepted");
    let gone = format!("{}/{}", path(t.customer), sent.invitation.id);
    assert_eq!(admin.delete(&gone).await.expect(409).code(), "invitation_accepted");
    assert_eq!(invite(&admin, t.customer, STRANGER, "viewer").await.expect(409).code(), "already_member");
    for nothing in ["", "x", &sent.token[1..], &"y".repeat(10_000)] {
        let _ = accept(&stranger, nothing).await.expect(404);
    }
}

#[tokio::test]
async fn two_who_accept_at_once_are_one_member() {
    let smm = start().await;
    let t = &smm.tenants;
    let sent: SentInvitation =
        invite(&smm.person(t.customer_people.owner), t.customer, STRANGER, "viewer").await.expect(201).parse();
    let stranger = smm.person(t.stranger);
    let answers =
        tokio::join!(accept(&stranger, &sent.token), accept(&stranger, &sent.token), accept(&stranger, &sent.token));
    let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16(), answers.2.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
}

#[tokio::test]
async fn nobody_invites_above_their_own_role() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.customer_people.admin);
    let _ = invite(&admin, t.customer, "new@example.com", "owner").await.expect(403);
    for too_low in [t.customer_people.member, t.customer_people.viewer] {
        let person = smm.person(too_low);
        let _ = invite(&person, t.customer, "new@example.com", "viewer").await.expect(403);
        let _ = person.get(&path(t.customer)).await.expect(403);
    }
    let outside = smm.person(t.other_agency_people.owner);
    let _ = invite(&outside, t.customer, "new@example.com", "viewer").await.expect(404);
    let _ = outside.get(&path(t.customer)).await.expect(404);
    let _ = invite(&smm.worker(t.customer), t.customer, "new@example.com", "viewer").await.expect(403);
    // An owner's invitation of an owner is nothing that an admin changes.
    let owner = smm.person(t.customer_people.owner);
    let sent: SentInvitation = invite(&owner, t.customer, "new@example.com", "owner").await.expect(201).parse();
    let one = format!("{}/{}", path(t.customer), sent.invitation.id);
    let _ = admin.delete(&one).await.expect(403);
    let _ = resend(&admin, &sent.invitation).await.expect(403);
    let _ = outside.delete(&one).await.expect(404);
    // Found under its own client alone.
    let elsewhere = format!("{}/{}", path(t.sibling), sent.invitation.id);
    let _ = smm.person(t.agency_people.owner).delete(&elsewhere).await.expect(404);
    let _ = owner.delete(&one).await.expect(204);
    assert_eq!(owner.delete(&one).await.expect(409).code(), "invitation_revoked");
    let _ = owner.delete(&format!("{}/nothing", path(t.customer))).await.expect(404);
}

#[tokio::test]
async fn what_is_sent_again_has_a_new_link_and_what_is_taken_back_none() {
    let smm = start().await;
    let t = &smm.tenants;
    let (admin, stranger) = (smm.person(t.customer_people.admin), smm.person(t.stranger));
    let first: SentInvitation = invite(&admin, t.customer, STRANGER, "viewer").await.expect(201).parse();
    assert_eq!(invite(&admin, t.customer, STRANGER, "member").await.expect(409).code(), "already_invited");
    let second: SentInvitation = resend(&admin, &first.invitation).await.expect(200).parse();
    assert_eq!(second.invitation.id, first.invitation.id);
    let _ = accept(&stranger, &first.token).await.expect(404);
    let _ = admin.delete(&format!("{}/{}", path(t.customer), first.invitation.id)).await.expect(204);
    assert_eq!(accept(&stranger, &second.token).await.expect(409).code(), "invitation_revoked");
    assert_eq!(resend(&admin, &first.invitation).await.expect(409).code(), "invitation_revoked");

    // One that nobody accepted in time: sent again it holds anew, and it makes room for another.
    let third: SentInvitation = invite(&admin, t.customer, STRANGER, "viewer").await.expect(201).parse();
    let age = "UPDATE invitations SET sent_at = now() - interval '8 days', expires_at = now() - interval '1 day' WHERE revoked_at IS NULL";
    sql(&smm, age).await;
    assert_eq!(accept(&stranger, &third.token).await.expect(409).code(), "invitation_expired");
    let fourth: SentInvitation = resend(&admin, &third.invitation).await.expect(200).parse();
    assert_eq!(fourth.invitation.state, InvitationState::Open);
    sql(&smm, age).await;
    let fifth: SentInvitation = invite(&admin, t.customer, STRANGER, "member").await.expect(201).parse();
    let _ = accept(&stranger, &fifth.token).await.expect(200);

    let listed: Page<Invitation> = admin.get(&path(t.customer)).await.expect(200).parse();
    let states: Vec<_> = listed.data.iter().map(|invitation| invitation.state).collect();
    assert_eq!(states, [InvitationState::Accepted, InvitationState::Revoked, InvitationState::Revoked]);
    let page: Page<Invitation> =
        admin.get(&format!("{}?limit=1&state=revoked", path(t.customer))).await.expect(200).parse();
    assert_eq!((page.data.len(), page.data[0].id, page.pagination.has_more), (1, third.invitation.id, true));
    let next = page.pagination.next_cursor.unwrap();
    let rest: Page<Invitation> =
        admin.get(&format!("{}?state=revoked&cursor={next}", path(t.customer))).await.expect(200).parse();
    assert_eq!(rest.data.iter().map(|invitation| invitation.id).collect::<Vec<_>>(), [first.invitation.id]);
    assert_eq!(admin.get(&format!("{}?state=eaten", path(t.customer))).await.expect(422).fields(), ["state"]);
}

#[tokio::test]
async fn an_invitation_is_worth_what_its_inviter_is() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let stranger = smm.person(t.stranger);
    let sent: SentInvitation =
        invite(&smm.person(people.admin), t.customer, STRANGER, "admin").await.expect(201).parse();
    let owner = smm.person(people.owner);
    let _ = owner
        .put(&format!("/clients/{}/members/{}", t.customer, people.admin), &json!({"role": "viewer"}))
        .await
        .expect(200);
    assert_eq!(accept(&stranger, &sent.token).await.expect(409).code(), "invitation_revoked");
    // Sent again by somebody who may.
    let again: SentInvitation = resend(&owner, &sent.invitation).await.expect(200).parse();
    let _ = accept(&stranger, &again.token).await.expect(200);
}

#[tokio::test]
async fn who_is_locked_out_vouches_for_nobody() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let sent: SentInvitation =
        invite(&smm.person(people.admin), t.customer, STRANGER, "admin").await.expect(201).parse();
    sqlx::query("UPDATE auth.users SET disabled_at = now() WHERE id = $1")
        .bind(people.admin.uuid())
        .execute(&mut smm.db.superuser().await)
        .await
        .unwrap();
    assert_eq!(accept(&smm.person(t.stranger), &sent.token).await.expect(409).code(), "invitation_revoked");
    // What is shown is what holds.
    let owner = smm.person(people.owner);
    let listed: Page<Invitation> = owner.get(&path(t.customer)).await.expect(200).parse();
    assert_eq!(listed.data[0].state, InvitationState::Revoked);
    let open: Page<Invitation> = owner.get(&format!("{}?state=open", path(t.customer))).await.expect(200).parse();
    assert!(open.data.is_empty(), "{open:?}");
    // And it makes room.
    let _ = invite(&owner, t.customer, STRANGER, "viewer").await.expect(201);
}

#[tokio::test]
async fn an_expired_invitation_of_an_owner_makes_room_for_an_admins() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let _ = invite(&smm.person(people.owner), t.customer, STRANGER, "owner").await.expect(201);
    let admin = smm.person(people.admin);
    assert_eq!(invite(&admin, t.customer, STRANGER, "member").await.expect(409).code(), "already_invited");
    sql(&smm, "UPDATE invitations SET sent_at = now() - interval '8 days', expires_at = now() - interval '1 day'")
        .await;
    let _ = invite(&admin, t.customer, STRANGER, "member").await.expect(201);
}

/// The inviter holds the link, too: that somebody used it doesn't show whose address it is.
#[tokio::test]
async fn an_account_made_by_a_link_is_not_found_by_its_address_elsewhere() {
    let smm = start().await;
    let t = &smm.tenants;
    let admin = smm.person(t.customer_people.admin);
    let sent: SentInvitation = invite(&admin, t.customer, "ceo@rival.example", "viewer").await.expect(201).parse();
    let made: Option<uuid::Uuid> =
        sqlx::query_scalar("SELECT auth.invitation_accept_new(sha256(convert_to($1, 'UTF8')), 'hash', 'CEO')")
            .bind(&sent.token)
            .fetch_one(&mut smm.db.superuser().await)
            .await
            .unwrap();
    assert!(made.is_some());
    let add = json!({"email": "ceo@rival.example", "role": "viewer"});
    let other = smm.person(t.other_agency_people.owner);
    let members = format!("/clients/{}/members", t.other_agency);
    assert_eq!(other.put(&members, &add).await.expect(422).fields(), ["email"]);
    // Whoever let them in knows them.
    let _ = admin.put(&format!("/clients/{}/members", t.customer), &add).await.expect(200);
    sql(&smm, "UPDATE auth.users SET email_verified_at = now() WHERE email = 'ceo@rival.example'").await;
    let _ = other.put(&members, &add).await.expect(200);
}

/// The second wall: whoever writes past the service is held by the same rules.
#[tokio::test]
async fn an_invitation_is_not_passed_on_or_made_to_last_by_plain_sql() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let _ = invite(&smm.person(people.admin), t.customer, STRANGER, "admin").await.expect(201);
    let app = smm.db.db().await;
    for (statement, state) in [
        ("UPDATE invitations SET invited_by = $1", "42501"),
        ("UPDATE invitations SET sent_at = '2100-01-01', expires_at = '2100-01-07' WHERE invited_by <> $1", "42501"),
        ("SELECT token_hash FROM invitations WHERE invited_by <> $1", "42501"),
    ] {
        let mut tx = app.tenant(hg_common::db::Scope::User(people.admin)).await.unwrap();
        let refused = sqlx::query(statement).bind(people.owner.uuid()).execute(&mut *tx).await.unwrap_err();
        assert_eq!(hg_common::db::sql_state(&refused).as_deref(), Some(state), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn a_stronger_role_that_is_there_stays() {
    let smm = start().await;
    let t = &smm.tenants;
    let owner = smm.person(t.customer_people.owner);
    let sent: SentInvitation = invite(&owner, t.customer, STRANGER, "viewer").await.expect(201).parse();
    let _ = owner
        .put(&format!("/clients/{}/members", t.customer), &json!({"email": STRANGER, "role": "admin"}))
        .await
        .expect(200);
    let accepted: AcceptedInvitation = accept(&smm.person(t.stranger), &sent.token).await.expect(200).parse();
    assert_eq!(accepted.role, Role::Admin);
}

#[tokio::test]
async fn what_can_not_be_invited_is_named() {
    let smm = start().await;
    let t = &smm.tenants;
    let owner = smm.person(t.customer_people.owner);
    for email in [
        "",
        "nobody",
        "a b@example.com",
        "a@b@c",
        "Jane <jane@example.com>",
        &format!("{}@example.com", "x".repeat(250)),
    ] {
        assert_eq!(invite(&owner, t.customer, email, "viewer").await.expect(422).fields(), ["email"], "{email}");
    }
    assert_eq!(invite(&owner, t.customer, "a@example.com", "king").await.expect(422).fields(), ["role"]);
    let unknown = json!({"email": "a@example.com", "role": "viewer", "name": "A"});
    assert_eq!(owner.post(&path(t.customer), &unknown).await.expect(422).fields(), ["name"]);
}

/// As the gateway does: nobody is signed in; who holds the link gets an account.
#[tokio::test]
async fn somebody_without_an_account_gets_one_by_the_link() {
    let smm = start().await;
    let t = &smm.tenants;
    let owner = smm.person(t.customer_people.owner);
    let sent: SentInvitation = invite(&owner, t.customer, "new@example.com", "member").await.expect(201).parse();
    let for_account: SentInvitation = invite(&owner, t.customer, STRANGER, "member").await.expect(201).parse();
    let db = smm.db.db().await;
    let (has_account, state): (bool, String) = {
        let mut tx = db.anonymous().await.unwrap();
        sqlx::query_as("SELECT has_account, state FROM auth.invitation_lookup($1)")
            .bind(hg_common::crypto::sha256(&sent.token).as_slice())
            .fetch_one(&mut *tx)
            .await
            .unwrap()
    };
    assert_eq!((has_account, state.as_str()), (false, "open"));
    let user = accept_new(&db, &sent.token).await.unwrap();
    assert_eq!(accept_new(&db, &sent.token).await, Err(Some("invitation_accepted".to_owned())));
    assert_eq!(accept_new(&db, &for_account.token).await, Err(Some("account_exists".to_owned())));
    assert_eq!(accept_new(&db, "nothing").await, Err(None));
    let members: Page<Member> = owner.get(&format!("/clients/{}/members", t.customer)).await.expect(200).parse();
    let new = members.data.iter().find(|member| member.email == "new@example.com").unwrap();
    assert_eq!((new.user_id.uuid(), new.role, new.display_name.as_str()), (user, Role::Member, "New Person"));
    let _ = smm.person(new.user_id).get(&format!("/clients/{}", t.customer)).await.expect(200);
}

async fn accept_new(db: &Db, token: &str) -> Result<uuid::Uuid, Option<String>> {
    let mut tx = db.anonymous().await.unwrap();
    let user = sqlx::query_scalar("SELECT auth.invitation_accept_new($1, 'hash', 'New Person')")
        .bind(hg_common::crypto::sha256(token).as_slice())
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| detail(&error).map(str::to_owned))?;
    tx.commit().await.unwrap();
    Ok(user)
}
