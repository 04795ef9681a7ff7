//! Members: who may give which role, who leaves, and the last owner.

use hg_common::db::{Scope, violates};
use hg_contracts::{Page, smm::Member};
use hg_types::Role;
use http::Method;
use serde_json::json;

use crate::harness::start;

#[tokio::test]
async fn members_are_listed_the_strongest_first() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/members", t.customer);
    let page: Page<Member> = smm.person(t.customer_people.viewer).get(&path).await.expect(200).parse();
    assert_eq!(
        page.data.iter().map(|member| member.role).collect::<Vec<_>>(),
        [Role::Owner, Role::Admin, Role::Member, Role::Viewer]
    );
    let _ = smm.person(t.other_agency_people.owner).get(&path).await.expect(404);
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/members", t.customer);
    let put = |role: &str| json!({"email": "Stranger@Example.com", "role": role});
    let admin = smm.person(t.customer_people.admin);
    let member: Member = admin.put(&path, &put("member")).await.expect(200).parse();
    assert_eq!((member.user_id, member.role), (t.stranger, Role::Member));
    let _ = admin.put(&path, &put("owner")).await.expect(403);
    let _ = smm.person(t.customer_people.member).put(&path, &put("viewer")).await.expect(403);
    let _ = smm.person(t.other_customer_people.owner).put(&path, &put("viewer")).await.expect(404);
    // An owner is above an admin, also on the way down.
    let owner = json!({"email": "owner@electrician.example.com", "role": "viewer"});
    let _ = admin.put(&path, &owner).await.expect(403);
    let _ = admin.delete(&format!("{path}/{}", t.customer_people.owner)).await.expect(403);
    // The new member now sees the client.
    let _ = smm.person(t.stranger).get(&format!("/clients/{}", t.customer)).await.expect(200);
    let _ = admin.delete(&format!("{path}/{}", t.stranger)).await.expect(204);
    let _ = smm.person(t.stranger).get(&format!("/clients/{}", t.customer)).await.expect(404);
    let _ = admin.delete(&format!("{path}/{}", t.stranger)).await.expect(404);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/members", t.customer);
    let owner = smm.person(t.customer_people.owner);
    let me = format!("{path}/{}", t.customer_people.owner);
    assert_eq!(owner.delete(&me).await.expect(409).code(), "last_owner");
    let step_down = json!({"email": "owner@electrician.example.com", "role": "admin"});
    assert_eq!(owner.put(&path, &step_down).await.expect(409).code(), "last_owner");
    let _ = owner.put(&path, &json!({"email": "admin@electrician.example.com", "role": "owner"})).await.expect(200);
    let _ = owner.delete(&me).await.expect(204);
}

#[tokio::test]
async fn an_unknown_address_is_named() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/members", t.customer);
    let admin = smm.person(t.customer_people.admin);
    for email in ["nobody@example.com", "no address"] {
        assert_eq!(admin.put(&path, &json!({"email": email, "role": "viewer"})).await.expect(422).fields(), ["email"]);
    }
    assert_eq!(
        admin.put(&path, &json!({"email": "stranger@example.com", "role": "king"})).await.expect(422).fields(),
        ["role"]
    );
}

#[tokio::test]
async fn members_come_in_pages() {
    let smm = start().await;
    let t = &smm.tenants;
    let viewer = smm.person(t.customer_people.viewer);
    let path = format!("/clients/{}/members", t.customer);
    let first: Page<Member> = viewer.get(&format!("{path}?limit=3")).await.expect(200).parse();
    assert_eq!(
        first.data.iter().map(|member| member.role).collect::<Vec<_>>(),
        [Role::Owner, Role::Admin, Role::Member]
    );
    let cursor = first.pagination.next_cursor.unwrap();
    let last: Page<Member> = viewer.get(&format!("{path}?limit=3&cursor={cursor}")).await.expect(200).parse();
    assert_eq!((last.data.len(), last.data[0].role, last.pagination.has_more), (1, Role::Viewer, false));
    assert_eq!(viewer.get(&format!("{path}?limit=0")).await.expect(422).fields(), ["limit"]);
    assert_eq!(viewer.get(&format!("{path}?cursor=x")).await.expect(422).fields(), ["cursor"]);
}

#[tokio::test]
async fn a_role_is_changed_by_id() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let of = |user| format!("/clients/{}/members/{user}", t.customer);
    let admin = smm.person(people.admin);
    let role = |role: &str| json!({"role": role});
    let changed: Member = admin.put(&of(people.viewer), &role("member")).await.expect(200).parse();
    assert_eq!((changed.user_id, changed.role), (people.viewer, Role::Member));
    let _ = admin.put(&of(people.viewer), &role("owner")).await.expect(403);
    let _ = admin.put(&of(people.admin), &role("owner")).await.expect(403);
    let _ = admin.put(&of(people.owner), &role("viewer")).await.expect(403);
    let _ = smm.person(people.member).put(&of(people.viewer), &role("viewer")).await.expect(403);
    let _ = smm.person(t.other_customer_people.owner).put(&of(people.viewer), &role("viewer")).await.expect(404);
    let _ = admin.put(&of(t.stranger), &role("viewer")).await.expect(404);
    let _ = admin.put(&of(t.agency_people.viewer), &role("viewer")).await.expect(404);
    assert_eq!(admin.put(&of(people.viewer), &role("king")).await.expect(422).fields(), ["role"]);
    let _ = admin.put(&format!("/clients/{}/members/nobody", t.customer), &role("viewer")).await.expect(404);
    // Somebody above gives any role below theirs; a worker none.
    let _ = smm.person(t.agency_people.owner).put(&of(people.viewer), &role("owner")).await.expect(200);
    let _ = smm.worker(t.customer).put(&of(people.viewer), &role("viewer")).await.expect(403);
}

#[tokio::test]
async fn everybody_may_leave_but_the_last_owner() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let path = format!("/clients/{}/leave", t.customer);
    let leave = async |user| smm.person(user).request(Method::POST, &path, None::<&()>).await;
    let _ = leave(people.viewer).await.expect(204);
    let _ = leave(people.viewer).await.expect(404);
    assert_eq!(leave(people.owner).await.expect(409).code(), "last_owner");
    assert_eq!(leave(t.agency_people.member).await.expect(409).code(), "role_from_above");
    let _ = leave(t.other_agency_people.owner).await.expect(404);
    let _ = smm.worker(t.customer).request(Method::POST, &path, None::<&()>).await.expect(403);
    let promoted = json!({"role": "owner"});
    let admin = format!("/clients/{}/members/{}", t.customer, people.admin);
    let _ = smm.person(people.owner).put(&admin, &promoted).await.expect(200);
    let _ = leave(people.owner).await.expect(204);
    assert_eq!(leave(people.admin).await.expect(409).code(), "last_owner");
}

/// Past the service: two transactions that can't see each other.
#[tokio::test]
async fn two_owners_who_remove_each_other_do_not_both_win() {
    let smm = start().await;
    let t = &smm.tenants;
    let people = t.customer_people;
    let admin = format!("/clients/{}/members/{}", t.customer, people.admin);
    let _ = smm.person(people.owner).put(&admin, &json!({"role": "owner"})).await.expect(200);
    let db = smm.db.db().await;
    let remove = async |by, whom: hg_types::UserId| {
        let mut tx = db.tenant(Scope::User(by)).await.unwrap();
        let done = sqlx::query("DELETE FROM client_users WHERE client_id = $1 AND user_id = $2")
            .bind(t.customer.uuid())
            .bind(whom.uuid())
            .execute(&mut *tx)
            .await
            .unwrap();
        assert_eq!(done.rows_affected(), 1);
        tx
    };
    let first = remove(people.owner, people.admin).await;
    let second = remove(people.admin, people.owner).await;
    let (first, second) = tokio::join!(first.commit(), second.commit());
    let refused = [first, second].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(violates(&refused[0], "client_users_last_owner"), "{refused:?}");
    // A client that goes takes its owners along.
    let mut superuser = smm.db.superuser().await;
    sqlx::query("DELETE FROM clients WHERE id = $1").bind(t.customer.uuid()).execute(&mut superuser).await.unwrap();
}

#[tokio::test]
async fn one_membership_can_be_asked_for() {
    let smm = start().await;
    let t = &smm.tenants;
    let path = format!("/clients/{}/members", t.customer);
    let viewer = smm.person(t.customer_people.viewer);
    let own: Page<Member> =
        viewer.get(&format!("{path}?user_id={}", t.customer_people.viewer)).await.expect(200).parse();
    assert_eq!(own.data.iter().map(|it| it.user_id).collect::<Vec<_>>(), [t.customer_people.viewer]);
    // Whose role comes from above is no member here.
    let above: Page<Member> =
        viewer.get(&format!("{path}?user_id={}", t.agency_people.owner)).await.expect(200).parse();
    assert!(above.data.is_empty());
    assert_eq!(viewer.get(&format!("{path}?user_id=me")).await.expect(422).fields(), ["user_id"]);
}
