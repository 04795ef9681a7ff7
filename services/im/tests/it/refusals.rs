//! Who gets in, and what is said to those who don't.

use crate::harness::start;

#[tokio::test]
async fn every_route_asks_for_an_internal_token() {
    let im = start().await;
    let tried = im.refuses_strangers().await;
    assert!(tried >= 7, "{tried}");
}

#[tokio::test]
async fn bad_input_is_told_apart() {
    let im = start().await;
    let admin = im.person(im.tenants.root_people.admin);
    assert_eq!(admin.post_bytes("/generate-prompt", "{\"topic\": ").await.expect(400).code(), "malformed_json");
    let _ = admin.post_bytes("/generate-prompt", "x".repeat(2 * 1024 * 1024)).await.expect(413);
    let _ = admin.get("/templates/not-an-id").await.expect(404);
    assert_eq!(admin.get("/templates?limit=101").await.expect(422).fields(), ["limit"]);
}

#[tokio::test]
async fn health_says_what_it_stands_on() {
    start().await.is_healthy_and_describes("/generate-prompt").await;
}
