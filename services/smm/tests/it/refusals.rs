//! Who gets in, and what is said to those who don't.

use serde_json::json;

use crate::harness::start;

#[tokio::test]
async fn every_route_asks_for_an_internal_token() {
    let smm = start().await;
    let tried = smm.refuses_strangers().await;
    assert!(tried >= 14, "{tried}");
}

#[tokio::test]
async fn bad_input_is_told_apart() {
    let smm = start().await;
    let admin = smm.person(smm.tenants.root_people.admin);
    assert_eq!(admin.post_bytes("/clients", "{\"name\": ").await.expect(400).code(), "malformed_json");
    let _ = admin.post_bytes("/clients", "x".repeat(2 * 1024 * 1024)).await.expect(413);
    let _ = admin.get("/clients/not%20a%20slug").await.expect(404);
    let _ = admin.get("/strategies/not-an-id").await.expect(404);
    let _ = admin.delete(&format!("/clients/{}/members/nobody", smm.tenants.root)).await.expect(404);
    let nul = json!({"name": "A\u{0}B", "type": "agency", "parent_id": smm.tenants.root});
    assert_eq!(admin.post("/clients", &nul).await.expect(422).fields(), ["name"]);
}

#[tokio::test]
async fn health_says_what_it_stands_on() {
    start().await.is_healthy_and_describes("/clients/{client}/effective-strategy").await;
}
