//! The clients: the tree, a client's page, and what is done to it.

use serde_json::{Value, json};

use super::{AGENCY, OHIO, READ_ONLY, ROOT, client, has, lacks, level, list, plant_tree, refusal, silence, start};
use crate::{browser::Browser, harness::Gateway};

fn node(id: &str, slug: &str, kind: &str, parent: Option<&str>, depth: u32, children: u32) -> Value {
    json!({"id": id, "name": format!("The {slug} firm"), "slug": slug, "type": kind, "parent_id": parent, "depth": depth,
        "role": "admin", "children": children, "members": 2})
}

fn plant_node_tree(gateway: &Gateway, total: u32) {
    let nodes = json!([
        node(ROOT, "hg-content", "root", None, 0, 2),
        node(AGENCY, "paving-marketers", "agency", Some(ROOT), 1, 1),
        node("0191d0a0-0000-7000-8000-0000000000bb", "pasco", "customer", Some(ROOT), 1, 0),
    ]);
    gateway.peers.answers("GET /client-tree", 200, json!({"data": nodes, "total": total, "has_more": false}));
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> hg_testkit::Answer {
    let csrf = browser.csrf.clone();
    let mut all = vec![("_csrf", csrf.as_str())];
    all.extend(fields);
    browser.submit(path, &all).await
}

#[tokio::test]
async fn the_tree_counts_and_a_large_one_says_what_it_leaves_out() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    plant_node_tree(&gateway, 1_204);
    let page = browser.page("/clients").await.expect(200).text;
    has(
        &page,
        &[
            "Direct client",
            ">1,201<",
            "1 customer",
            "2 people",
            "1,201 more are not shown",
            "/new-client",
            "href=\"/clients/pasco\"",
        ],
    );
    assert_eq!(gateway.peers.asked("GET /client-tree").len(), 1, "only two levels of a large tree");
    plant_node_tree(&gateway, 4);
    let _ = browser.page("/clients").await.expect(200);
    let asked: Vec<String> = gateway.peers.asked("GET /client-tree").into_iter().skip(1).map(|it| it.line).collect();
    assert_eq!(asked, ["GET /client-tree?depth=2&archived=exclude", "GET /client-tree?archived=exclude"]);
}

#[tokio::test]
async fn one_searches_by_name_and_pages_by_cursor() {
    let (gateway, browser) = start().await;
    plant_node_tree(&gateway, 3);
    let mut found = list(&[client(OHIO, "ohio-paving", "member")]);
    found["pagination"] = json!({"next_cursor": "further on", "has_more": true, "total": 10_000, "total_capped": true});
    gateway.peers.answers("GET /clients", 200, found);
    let page = browser.page("/clients?q=ohio+%26&cursor=abc").await.expect(200).text;
    has(
        &page,
        &[
            "value=\"ohio &amp;\"",
            "1 of more than 10,000 clients",
            "/clients?view=list&amp;q=ohio+%26&amp;cursor=further+on",
        ],
    );
    assert!(gateway.peers.lines().contains(&"GET /clients?q=ohio+%26&archived=exclude&cursor=abc&limit=50".to_owned()));
    gateway.peers.answers("GET /clients", 200, list(&[]));
    has(&browser.page("/clients?view=archived").await.expect(200).text, &["Nothing is archived"]);
    has(&browser.page("/clients?q=xyz").await.expect(200).text, &["No client matches", "Clear the search"]);
    has(&browser.page("/clients").await.expect(200).text, &["The tree of clients"]);
    gateway.peers.answers("GET /client-tree", 200, json!({"data": [], "total": 0, "has_more": false}));
    has(&browser.page("/clients").await.expect(200).text, &["No client yet"]);
    silence(&gateway, &["GET /clients", "GET /client-tree"]);
    has(&browser.page("/clients").await.expect(200).text, &["The clients can’t be read right now"]);
}

#[tokio::test]
async fn a_clients_page_offers_what_the_role_allows() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let page = browser.page("/clients/ohio-paving").await.expect(200).text;
    has(
        &page,
        &[
            "Customer of The paving-marketers firm",
            "you are admin",
            "/clients/ohio-paving/move",
            "/clients/ohio-paving/archive",
            "/clients/ohio-paving/delete",
            "/clients/ohio-paving/edit",
            "href=\"/clients/paving-marketers\"",
        ],
    );
    let page = browser.page("/clients/paving-marketers").await.expect(200).text;
    has(&page, &["Below it", "/new-client?parent=paving-marketers"]);
    lacks(&page, &["/clients/paving-marketers/move"]);
    lacks(&browser.page("/clients/hg-content").await.expect(200).text, &["/hg-content/archive", "/hg-content/delete"]);

    // Put in charge of the customer alone: it can be changed, not taken away.
    let ohio = level(OHIO, "ohio-paving", "customer", Some(AGENCY), "owner");
    gateway.peers.answers("GET /clients", 200, list(std::slice::from_ref(&ohio)));
    gateway.peers.answers("GET /clients/ohio-paving", 200, ohio);
    let page = browser.page("/clients/ohio-paving").await.expect(200).text;
    has(&page, &["/clients/ohio-paving/edit"]);
    lacks(&page, &["/ohio-paving/move", "/ohio-paving/archive", "/ohio-paving/delete"]);

    plant_tree(&gateway, "viewer");
    lacks(&browser.page("/clients/ohio-paving").await.expect(200).text, &["/ohio-paving/edit", "Write for it"]);
    // What isn't offered and is posted all the same is answered by the service.
    gateway.peers.answers(
        &format!("POST /clients/{OHIO}/archive"),
        403,
        refusal("forbidden", "archiving a client needs the role admin on its parent", &json!([])),
    );
    let answer = submit(&browser, "/clients/ohio-paving/archive", &[]).await.expect(403);
    has(&answer.text, &["Archiving a client needs the role admin on its parent.", "role=\"alert\""]);
}

#[tokio::test]
async fn another_tenants_client_does_not_exist() {
    let (_gateway, browser) = start().await;
    for path in [
        "",
        "/edit",
        "/move",
        "/delete",
        "/people",
        "/strategies",
        "/strategies/blog_post",
        "/seo-rules/blog_post/history",
    ] {
        let answer = browser.page(&format!("/clients/elsewhere{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
        has(&answer.text, &["There is nothing here"]);
    }
    for path in ["/archive", "/restore", "/leave", "/invitations"] {
        assert_eq!(
            submit(&browser, &format!("/clients/elsewhere{path}"), &[("email", "a@b.c"), ("role", "member")])
                .await
                .status,
            404,
            "{path}"
        );
    }
    assert_eq!(submit(&browser, "/clients/..%2Fx/archive", &[]).await.status, 404);
}

#[tokio::test]
async fn a_client_is_made_where_it_shall_stand() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let page = browser.page("/new-client?parent=paving-marketers").await.expect(200).text;
    has(&page, &["A direct client of The hg-content firm", "value=\"customer:paving-marketers\" selected"]);
    let fields = [
        ("name", "Lima Asphalt"),
        ("slug", ""),
        ("facts", "industry: asphalt"),
        ("place", "customer:paving-marketers"),
    ];
    gateway.peers.answers("POST /clients", 201, level(OHIO, "lima-asphalt", "customer", Some(AGENCY), "admin"));
    let answer = submit(&browser, "/clients", &fields).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/lima-asphalt?notice=made");
    assert_eq!(
        gateway.peers.last().body,
        json!({"name": "Lima Asphalt", "type": "customer", "parent_id": AGENCY, "metadata": {"industry": "asphalt"}})
    );

    gateway.peers.answers(
        "POST /clients",
        409,
        refusal("slug_taken", "another client has this slug: choose another", &json!([])),
    );
    let answer =
        submit(&browser, "/clients", &[fields[0], ("slug", "ohio-paving"), fields[2], fields[3]]).await.expect(409);
    has(
        &answer.text,
        &[
            "id=\"slug-error\"",
            "value=\"Lima Asphalt\"",
            "industry: asphalt</textarea>",
            "value=\"customer:paving-marketers\" selected",
        ],
    );
    let bad = [("name", " "), ("slug", ""), ("facts", "no colon"), ("place", "customer:elsewhere")];
    has(
        &submit(&browser, "/clients", &bad).await.expect(422).text,
        &["id=\"name-error\"", "id=\"facts-error\"", "id=\"place-error\""],
    );
    silence(&gateway, &["POST /clients"]);
    has(
        &submit(&browser, "/clients", &fields).await.expect(503).text,
        &["What you typed is still here", "Lima Asphalt"],
    );
    assert_eq!(browser.submit("/clients", &fields).await.status, 403, "without the form's token");

    plant_tree(&gateway, "member");
    has(&browser.page("/new-client").await.expect(200).text, &["No client can be made"]);
}

#[tokio::test]
async fn only_what_was_changed_is_sent() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let mut ohio = level(OHIO, "ohio-paving", "customer", Some(AGENCY), "admin");
    ohio["metadata"] = json!({"industry": "construction", "services": ["paving"], "deep": {"a": 1}});
    gateway.peers.answers("GET /clients/ohio-paving", 200, ohio);
    has(
        &browser.page("/clients/ohio-paving/edit").await.expect(200).text,
        &["industry: construction\nservices: paving</textarea>"],
    );
    gateway.peers.answers(&format!("PUT /clients/{OHIO}"), 200, client(OHIO, "ohio-paving-co", "admin"));
    let fields = [
        ("name", "The ohio-paving firm"),
        ("slug", "ohio-paving-co"),
        ("facts", "industry: asphalt\r\nservices: paving"),
    ];
    let answer = submit(&browser, "/clients/ohio-paving", &fields).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving-co?notice=changed");
    assert_eq!(
        gateway.peers.last().body,
        json!({"slug": "ohio-paving-co", "metadata": {"industry": "asphalt", "services": ["paving"], "deep": {"a": 1}}})
    );
    let details = json!([{"field": "slug", "message": "must not look like an id"}]);
    gateway.peers.answers(&format!("PUT /clients/{OHIO}"), 422, refusal("validation_failed", "", &details));
    has(
        &submit(&browser, "/clients/ohio-paving", &fields).await.expect(422).text,
        &["The name in addresses must not look like an id.", "ohio-paving-co"],
    );
}

#[tokio::test]
async fn a_change_leaves_alone_what_somebody_else_changed_meanwhile() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let mut ohio = level(OHIO, "ohio-paving", "customer", Some(AGENCY), "admin");
    ohio["metadata"] = json!({"industry": "construction", "founded": 1987});
    gateway.peers.answers("GET /clients/ohio-paving", 200, ohio.clone());
    let page = browser.page("/clients/ohio-paving/edit").await.expect(200).text.replace("&#x2f;", "/");
    has(
        &page,
        &[
            "name=\"_name\" value=\"The ohio-paving firm\"",
            "name=\"_slug\" value=\"ohio-paving\"",
            "name=\"_facts\" value=\"founded: 1987\nindustry: construction\"",
            &format!("action=\"/clients/{OHIO}\""),
        ],
    );
    // Meanwhile it gets another name, another slug, and facts.
    ohio["name"] = json!("Ohio Paving Group");
    ohio["slug"] = json!("ohio-group");
    ohio["metadata"] = json!({"industry": "roads", "founded": 1987, "phone": "614 555 0100"});
    gateway.peers.answers(&format!("GET /clients/{OHIO}"), 200, ohio);
    gateway.peers.answers(&format!("PUT /clients/{OHIO}"), 200, client(OHIO, "ohio-group", "admin"));
    let began = [
        ("_name", "The ohio-paving firm"),
        ("_slug", "ohio-paving"),
        ("_facts", "founded: 1987\r\nindustry: construction"),
        ("name", "The ohio-paving firm"),
        ("slug", "ohio-paving"),
    ];
    let path = format!("/clients/{OHIO}");
    let fields = [&began[..], &[("facts", "founded: 1988\r\nindustry: construction")]].concat();
    let _ = submit(&browser, &path, &fields).await.expect(303);
    assert_eq!(
        gateway.peers.last().body,
        json!({"metadata": {"industry": "roads", "founded": "1988", "phone": "614 555 0100"}})
    );
    // Refused, the form still knows what it began with.
    let fields = [&began[..], &[("facts", "founded")]].concat();
    has(&submit(&browser, &path, &fields).await.expect(422).text, &["name=\"_slug\" value=\"ohio-paving\""]);
}

#[tokio::test]
async fn moving_says_what_changes_and_why_not() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let page = browser.page("/clients/ohio-paving/move").await.expect(200).text;
    has(
        &page,
        &["It stands below The paving-marketers firm now", "Budgets", "The hg-content firm (as a direct client)"],
    );
    lacks(&page, &[&format!("value=\"{AGENCY}\"")]);
    gateway.peers.answers(&format!("POST /clients/{OHIO}/move"), 200, client(OHIO, "ohio-paving", "admin"));
    let answer = submit(&browser, "/clients/ohio-paving/move", &[("place", ROOT)]).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/ohio-paving?notice=moved");
    assert_eq!(gateway.peers.asked(&format!("POST /clients/{OHIO}/move"))[0].body, json!({"parent_id": ROOT}));
    has(&browser.page("/clients/ohio-paving?notice=moved").await.expect(200).text, &["inherits from there"]);
    for (status, refused, said) in [
        (
            409,
            refusal("parent_archived", "what it would stand below is archived: restore that first", &json!([])),
            "What it would stand below is archived",
        ),
        (
            422,
            refusal(
                "validation_failed",
                "",
                &json!([{"field": "parent_id", "message": "a client can't stand below itself"}]),
            ),
            "A client can&#x27;t stand below itself",
        ),
    ] {
        gateway.peers.answers(&format!("POST /clients/{OHIO}/move"), status, refused);
        let answer = submit(&browser, "/clients/ohio-paving/move", &[("place", ROOT)]).await.expect(status);
        has(&answer.text, &["id=\"place-error\"", said]);
    }
    has(
        &submit(&browser, "/clients/ohio-paving/move", &[("place", "")]).await.expect(422).text,
        &["Choose where it shall stand."],
    );
}

#[tokio::test]
async fn deleting_takes_two_steps() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let contents = |members: u32, costs: u32| json!({"clients": 0, "members": members, "invitations": 0, "strategies": 5, "seo_rules": 0, "templates": 0, "api_keys": 0, "provider_keys": 0, "jobs": 0, "costs": costs});
    let of = |members, costs, blocked: Option<&str>| json!({"contents": contents(members, costs), "empty": members + costs == 0, "blocked_by": blocked, "confirmation": blocked.is_none().then_some("seen-these")});
    gateway.peers.answers(&format!("GET /clients/{OHIO}/deletion"), 200, of(3, 0, None));
    has(
        &browser.page("/clients/ohio-paving/delete").await.expect(200).text,
        &["Memberships (the accounts stay)", "value=\"seen-these\"", "name=\"sure\""],
    );
    has(
        &submit(&browser, "/clients/ohio-paving/delete", &[("confirmation", "seen-these")]).await.expect(422).text,
        &["id=\"sure-error\""],
    );
    assert!(gateway.peers.asked(&format!("DELETE /clients/{OHIO}")).is_empty());

    let sure = [("confirmation", "seen-these"), ("sure", "yes")];
    gateway.peers.answers(
        &format!("DELETE /clients/{OHIO}"),
        409,
        refusal("confirmation_stale", "what would go has changed since: look again, and confirm that", &json!([])),
    );
    has(
        &submit(&browser, "/clients/ohio-paving/delete", &sure).await.expect(409).text,
        &["What would go has changed since"],
    );
    gateway.peers.answers(&format!("DELETE /clients/{OHIO}"), 204, Value::Null);
    let answer = submit(&browser, "/clients/ohio-paving/delete", &sure).await.expect(303);
    assert_eq!(answer.headers["location"], "/clients/paving-marketers?notice=deleted");
    assert_eq!(gateway.peers.last().line, format!("DELETE /clients/{OHIO}?confirmation=seen-these"));

    gateway.peers.answers(&format!("GET /clients/{OHIO}/deletion"), 200, of(0, 7, Some("client_has_costs")));
    let page = browser.page("/clients/ohio-paving/delete").await.expect(200).text;
    has(&page, &["It can’t be deleted", "what has cost money stays on record", "Archive it instead"]);
    lacks(&page, &["name=\"confirmation\""]);
}

#[tokio::test]
async fn the_switcher_searches_where_there_are_more_clients_than_it_lists() {
    let (gateway, browser) = start().await;
    let mut endless = list(&[client(OHIO, "ohio-paving", "member")]);
    endless["pagination"]["next_cursor"] = json!("more");
    endless["pagination"]["has_more"] = json!(true);
    gateway.peers.answers("GET /clients", 200, endless);
    plant_node_tree(&gateway, 3);
    // One that the list doesn't reach is asked for by itself.
    gateway.peers.answers("GET /clients/zanesville", 200, client(AGENCY, "zanesville", "member"));
    let page = browser.page("/jobs?client=zanesville").await.expect(200).text;
    has(&page, &["The zanesville firm", "hx-get=\"/find-clients?to=%2Fjobs\"", "action=\"/clients\""]);
    assert_eq!(browser.page("/jobs?client=elsewhere").await.status, 404);
    gateway.peers.answers("GET /clients", 200, list(&[client(OHIO, "ohio-paving", "member")]));
    lacks(&browser.page("/jobs").await.expect(200).text, &["find-clients"]);

    let htmx = browser.api().with_header("hx-request", "true");
    let found = htmx.get("/find-clients?to=*%2Fpeople&q=ohio").await.expect(200).text;
    has(&found, &["href=\"/clients/ohio-paving/people\""]);
    assert_eq!(gateway.peers.last().line, "GET /clients?q=ohio&archived=exclude&limit=20");
    let found = htmx.get("/find-clients?to=https:%2F%2Fevil.example&q=ohio").await.expect(200).text;
    has(&found, &["href=\"/clients/ohio-paving\""]);
    lacks(&found, &["evil"]);
    silence(&gateway, &["GET /clients"]);
    has(&htmx.get("/find-clients?to=%2Fjobs&q=ohio").await.expect(200).text, &["doesn’t answer"]);
}

/// More clients than a page of them: the list ends, and one has to ask for more.
fn endless(items: &[Value]) -> Value {
    let mut page = list(items);
    page["pagination"]["next_cursor"] = json!("more");
    page["pagination"]["has_more"] = json!(true);
    page
}

const FAR: &str = "0191d0a0-0000-7000-8000-0000000000bb";

#[tokio::test]
async fn an_agency_that_no_list_reaches_can_be_typed() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    let far = level(FAR, "zenith-media", "agency", Some(ROOT), "admin");
    lacks(&browser.page("/new-client").await.expect(200).text, &["name=\"elsewhere\""]);
    gateway.peers.answers(
        "GET /clients",
        200,
        endless(&[level(AGENCY, "paving-marketers", "agency", Some(ROOT), "admin")]),
    );
    gateway.peers.answers("GET /clients/zenith-media", 200, far.clone());
    has(
        &browser.page("/new-client").await.expect(200).text,
        &["name=\"elsewhere\"", "more agencies than the list above"],
    );

    gateway.peers.answers("POST /clients", 201, level(OHIO, "lima-asphalt", "customer", Some(FAR), "admin"));
    let fields =
        |elsewhere| [("name", "Lima Asphalt"), ("place", "customer:paving-marketers"), ("elsewhere", elsewhere)];
    let _ = submit(&browser, "/clients", &fields("zenith-media")).await.expect(303);
    assert_eq!(gateway.peers.last().body["parent_id"], FAR, "what is typed is meant");
    assert_eq!(gateway.peers.last().body["type"], "customer");
    let of = |kind, role| level(FAR, "zenith-media", kind, Some(ROOT), role);
    let mut archived = far.clone();
    archived["archived_at"] = json!("2026-11-01T00:00:00Z");
    for (typed, answer, said) in [
        ("Zenith Media", far.clone(), "That is no name in addresses"),
        ("elsewhere", far.clone(), "There is no client “elsewhere” that you see."),
        ("zenith-media", of("customer", "admin"), "is a customer: nothing stands below one."),
        ("zenith-media", of("agency", "member"), "you are member: it needs admin."),
        ("zenith-media", of("root", "admin"), "The root can be chosen above"),
        ("zenith-media", archived, "is archived: restore it first."),
    ] {
        gateway.peers.answers("GET /clients/zenith-media", 200, answer);
        let page = submit(&browser, "/clients", &fields(typed)).await.expect(422).text;
        has(&page, &["id=\"elsewhere-error\"", said, "Lima Asphalt"]);
    }

    // The same where one is moved.
    gateway.peers.answers("GET /clients/zenith-media", 200, far);
    gateway.peers.answers(&format!("GET /clients/{OHIO}/hierarchy"), 200, above_ohio());
    has(&browser.page("/clients/ohio-paving/move").await.expect(200).text, &["name=\"elsewhere\""]);
    gateway.peers.answers(&format!("POST /clients/{OHIO}/move"), 200, client(OHIO, "ohio-paving", "admin"));
    let fields = [("place", ""), ("elsewhere", "zenith-media")];
    let _ = submit(&browser, "/clients/ohio-paving/move", &fields).await.expect(303);
    assert_eq!(gateway.peers.asked(&format!("POST /clients/{OHIO}/move"))[0].body, json!({"parent_id": FAR}));
    let fields = [("place", ""), ("elsewhere", "paving-marketers")];
    let page = submit(&browser, "/clients/ohio-paving/move", &fields).await.expect(422).text;
    has(&page, &["It stands below The paving-marketers firm already."]);
}

fn above_ohio() -> Value {
    let ohio = level(OHIO, "ohio-paving", "customer", Some(AGENCY), "admin");
    let agency = level(AGENCY, "paving-marketers", "agency", Some(ROOT), "admin");
    let root = level(ROOT, "hg-content", "root", None, "admin");
    json!({"client": ohio, "parent": agency, "ancestors": [root, agency], "children": [], "descendants": [], "has_more": false})
}

/// However many clients there are: a page asks once for the switcher's, and once for what stands above.
#[tokio::test]
async fn a_page_asks_few_questions_however_many_clients_there_are() {
    let (gateway, browser) = start().await;
    plant_tree(&gateway, "admin");
    gateway.peers.answers("GET /clients", 200, endless(&[client(READ_ONLY, "read-only", "viewer")]));
    gateway.peers.answers(&format!("GET /clients/{OHIO}/hierarchy"), 200, above_ohio());
    let asked = gateway.peers.lines().len();
    let page = browser.page("/clients/ohio-paving/edit").await.expect(200).text;
    has(&page, &["The hg-content firm", "The paving-marketers firm"]);
    let mut asked = gateway.peers.lines().split_off(asked);
    asked.sort();
    let wanted = [
        "GET /clients/ohio-paving".to_owned(),
        format!("GET /clients/{OHIO}/hierarchy?depth=0"),
        "GET /clients?limit=100".to_owned(),
    ];
    assert_eq!(asked, {
        let mut wanted = wanted;
        wanted.sort();
        wanted
    });
}
