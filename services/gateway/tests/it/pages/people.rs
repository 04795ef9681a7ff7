//! A client's people: roles and where they come from, invitations and their links.

use serde_json::{Value, json};

use super::{AGENCY, OHIO, ROOT, has, lacks, list, plant_tree, refusal, start};
use crate::{browser::Browser, harness::Gateway};

const ANN: &str = "0191d0a0-0000-7000-8000-0000000000c1";
const INVITATION: &str = "0191d0a0-0000-7000-8000-0000000000d1";
const TOKEN: &str = "Rk3vN0dX1bUe2q9wYz5sTtGh7LmPaCfJ8oQiVxBnD4E";

fn member(id: &str, name: &str, role: &str) -> Value {
    json!({"user_id": id, "email": format!("{name}@example.com"), "display_name": name, "role": role, "created_at": "2026-11-01T00:00:00Z"})
}

fn invitation(state: &str) -> Value {
    json!({"id": INVITATION, "client_id": OHIO, "email": "new@example.com", "role": "member", "state": state, "invited_by": "Ann",
        "created_at": "2026-11-20T00:00:00Z", "expires_at": "2026-11-27T00:00:00Z", "accepted_at": null})
}

/// Ann is a member of the customer and an owner of the agency; the person who looks is a member, too.
fn plant_people(gateway: &Gateway, role: &str) {
    plant_tree(gateway, role);
    let me = gateway.member_id().to_string();
    let peers = &gateway.peers;
    peers.answers(
        &format!("GET /clients/{OHIO}/members"),
        200,
        list(&[member(ANN, "Ann", "member"), member(&me, "Me", role)]),
    );
    peers.answers(&format!("GET /clients/{AGENCY}/members"), 200, list(&[member(ANN, "Ann", "owner")]));
    peers.answers(&format!("GET /clients/{ROOT}/members"), 403, refusal("forbidden", "no", &json!([])));
    peers.answers(
        &format!("GET /clients/{OHIO}/invitations"),
        200,
        list(&[invitation("open"), invitation("expired"), invitation("revoked")]),
    );
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> hg_testkit::Answer {
    let csrf = browser.csrf.clone();
    let mut all = vec![("_csrf", csrf.as_str())];
    all.extend(fields);
    browser.submit(path, &all).await
}

#[tokio::test]
async fn roles_say_where_they_come_from() {
    let (gateway, browser) = start().await;
    plant_people(&gateway, "admin");
    let page = browser.page("/clients/ohio-paving/people").await.expect(200).text;
    has(
        &page,
        &[
            "owner through The paving-marketers firm",
            "href=\"/clients/paving-marketers/people\"",
            "(you)",
            &format!("/people/{ANN}/remove"),
            "/clients/ohio-paving/leave",
            "Taken back",
            "Expired",
            "until 27 November",
        ],
    );
    // Nobody gives more than they have.
    lacks(&page, &["value=\"owner\"", &format!("/people/{}/remove", gateway.member_id())]);

    plant_people(&gateway, "viewer");
    let page = browser.page("/clients/ohio-paving/people").await.expect(200).text;
    lacks(&page, &["/role\"", "/remove\"", "name=\"email\"", "new@example.com"]);
    has(&page, &["Admins of this client invite people"]);
    gateway.peers.answers(&format!("GET /clients/{OHIO}/members"), 200, list(&[]));
    gateway.peers.answers(&format!("GET /clients/{AGENCY}/members"), 200, list(&[]));
    has(&browser.page("/clients/ohio-paving/people").await.expect(200).text, &["No member of its own"]);
}

#[tokio::test]
async fn what_takes_a_role_away_asks_first_and_lists_say_where_they_end() {
    let (gateway, browser) = start().await;
    plant_people(&gateway, "admin");
    let mut owners = list(&[member(ANN, "Ann", "owner")]);
    owners["pagination"]["has_more"] = json!(true);
    gateway.peers.answers(&format!("GET /clients/{AGENCY}/members"), 200, owners);
    let page = browser.page("/clients/ohio-paving/people").await.expect(200).text;
    has(
        &page,
        &[
            "Ann loses the role member here and everywhere below. The role owner through The paving-marketers firm stays.",
            ">Remove Ann</button>",
            "You lose your role here and everywhere below.",
            "The link opens nothing any more.",
            "The paving-marketers firm has more members than are listed here.",
        ],
    );
    // Whoever isn't on the page that is shown is looked for: they may leave from any.
    gateway.peers.answers(&format!("GET /clients/{OHIO}/members"), 200, list(&[member(ANN, "Ann", "member")]));
    lacks(&browser.page("/clients/ohio-paving/people").await.expect(200).text, &["/clients/ohio-paving/leave"]);
    let wanted = format!("GET /clients/{OHIO}/members?user_id={}", gateway.member_id());
    assert!(gateway.peers.lines().contains(&wanted), "{:?}", gateway.peers.lines());
}

#[tokio::test]
async fn roles_change_end_and_are_refused_in_words() {
    let (gateway, browser) = start().await;
    plant_people(&gateway, "admin");
    let path = format!("/clients/ohio-paving/people/{ANN}");
    gateway.peers.answers(&format!("PUT /clients/{OHIO}/members/{ANN}"), 200, member(ANN, "Ann", "viewer"));
    let answer = submit(&browser, &format!("{path}/role"), &[("role", "viewer")]).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving/people?notice=role");
    assert_eq!(gateway.peers.last().body, json!({"role": "viewer"}));
    has(&submit(&browser, &format!("{path}/role"), &[("role", "king")]).await.expect(422).text, &["Choose a role."]);

    gateway.peers.answers(&format!("DELETE /clients/{OHIO}/members/{ANN}"), 204, Value::Null);
    let answer = submit(&browser, &format!("{path}/remove"), &[]).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving/people?notice=removed");
    gateway.peers.answers(
        &format!("DELETE /clients/{OHIO}/members/{ANN}"),
        403,
        refusal("forbidden", "only somebody with the role owner can change this membership", &json!([])),
    );
    has(
        &submit(&browser, &format!("{path}/remove"), &[]).await.expect(403).text,
        &["Only somebody with the role owner"],
    );

    gateway.peers.answers(
        &format!("POST /clients/{OHIO}/leave"),
        409,
        refusal("last_owner", "this is the client's last owner: make somebody else owner first", &json!([])),
    );
    has(
        &submit(&browser, "/clients/ohio-paving/leave", &[]).await.expect(409).text,
        &["last owner: make somebody else owner first."],
    );
    gateway.peers.answers(&format!("POST /clients/{OHIO}/leave"), 204, Value::Null);
    assert_eq!(
        submit(&browser, "/clients/ohio-paving/leave", &[]).await.expect(303).headers["location"],
        "/clients?notice=left"
    );
    assert_eq!(submit(&browser, "/clients/ohio-paving/people/not-an-id/remove", &[]).await.status, 404);
    assert_eq!(browser.submit(&format!("{path}/remove"), &[]).await.status, 403, "without the form's token");
}

#[tokio::test]
async fn a_link_is_shown_once_and_begins_where_we_are() {
    let (gateway, browser) = start().await;
    plant_people(&gateway, "admin");
    gateway.peers.answers(
        &format!("POST /clients/{OHIO}/invitations"),
        201,
        json!({"invitation": invitation("open"), "token": TOKEN}),
    );
    let fields = [("email", " New@example.com "), ("role", "member")];
    let page = submit(&browser, "/clients/ohio-paving/invitations", &fields).await.expect(200);
    has(
        &page.text,
        &[
            &format!("value=\"http://gateway.localhost:3000/invitations/{TOKEN}\""),
            "No e-mail is sent",
            "27 November 2026",
        ],
    );
    assert_eq!(page.headers["cache-control"], "no-store");
    lacks(&browser.page("/clients/ohio-paving/people").await.expect(200).text, &[TOKEN]);

    gateway.peers.answers(
        &format!("POST /clients/{OHIO}/invitations/{INVITATION}/resend"),
        200,
        json!({"invitation": invitation("open"), "token": TOKEN}),
    );
    has(
        &submit(&browser, &format!("/clients/ohio-paving/invitations/{INVITATION}/resend"), &[]).await.expect(200).text,
        &[TOKEN],
    );
    gateway.peers.answers(&format!("DELETE /clients/{OHIO}/invitations/{INVITATION}"), 204, Value::Null);
    let answer =
        submit(&browser, &format!("/clients/ohio-paving/invitations/{INVITATION}/revoke"), &[]).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving/people?notice=revoked");

    for (code, message) in [
        ("already_invited", "there is an open invitation to this address: send that one again"),
        ("already_member", "this person is a member: change the role instead"),
    ] {
        gateway.peers.answers(&format!("POST /clients/{OHIO}/invitations"), 409, refusal(code, message, &json!([])));
        let page = submit(&browser, "/clients/ohio-paving/invitations", &fields).await.expect(409).text;
        has(&page, &["id=\"email-error\"", "value=\"New@example.com\""]);
    }
    let bad =
        submit(&browser, "/clients/ohio-paving/invitations", &[("email", ""), ("role", "king")]).await.expect(422);
    has(&bad.text, &["id=\"email-error\"", "id=\"role-error\""]);
}
