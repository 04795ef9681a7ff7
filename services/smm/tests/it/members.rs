//! Members: who may give which role, and the last owner.

use hg_contracts::{Page, smm::Member};
use hg_types::Role;
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
