//! Edits of a generated text, and verdicts about it.

use hg_contracts::{
    Page,
    cpm::{Approval, ContentVersion, ContentVersionInfo, Verdict},
};
use hg_types::JobId;
use serde_json::{Value, json};

use crate::support::TestCpm;

/// A completed job with rules and a text.
async fn made(cpm: &TestCpm) -> JobId {
    let job = cpm.accepted().await;
    cpm.end(job, "completed", json!({})).await;
    sqlx::query("UPDATE jobs SET quality_rules = $2, seo_sources = $3 WHERE id = $1")
        .bind(job.uuid())
        .bind(json!({"word_count_range": [3, 20], "banned_terms": ["cheap"]}))
        .bind(json!([{"level": "client", "client_id": null, "client_name": "C", "seo_rules_id": uuid::Uuid::from_u128(5), "version": 4}]))
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    job
}

fn edit(version: i32, content: &str) -> Value {
    json!({"version": version, "content": content})
}

#[tokio::test]
async fn an_edit_is_a_version_of_its_own_and_what_was_generated_stays() {
    let cpm = TestCpm::start().await;
    let job = made(&cpm).await;
    let path = format!("/jobs/{job}");
    let before = cpm.member().get(&path).await.expect(200).json();
    assert_eq!((&before["edited"], &before["approval"]), (&Value::Null, &Value::Null));
    assert_eq!(before["seo_sources"][0]["version"], 4, "the SEO rules' version is shown");

    let body =
        json!({"version": 0, "content": "Fuses protect every house.", "title": "Fuses at home", "note": "shorter"});
    let first: ContentVersion = cpm.member().put(&format!("{path}/content"), &body).await.expect(200).parse();
    assert_eq!((first.info.version, first.info.is_current, first.info.note.as_deref()), (1, true, Some("shorter")));
    assert_eq!(first.info.author.as_ref().unwrap().user_id, cpm.tenants.customer_people.member);
    assert_eq!((first.result.word_count, first.result.title.as_deref()), (4, Some("Fuses at home")));
    assert!(first.info.changed > 0.5 && first.info.changed <= 1.0, "{}", first.info.changed);
    assert_eq!(first.result.quality["hard_failures"], json!([]), "{}", first.result.quality);

    // The job's own rules are what it is checked by.
    let cheap = edit(1, "Cheap fuses protect every house.");
    let second: ContentVersion = cpm.member().put(&format!("{path}/content"), &cheap).await.expect(200).parse();
    assert!(second.result.quality["hard_failures"].to_string().contains("cheap"), "{}", second.result.quality);
    assert_eq!(second.result.title.as_deref(), Some("Fuses at home"), "what is left out stays");

    let after = cpm.member().get(&path).await.expect(200).json();
    assert_eq!(after["result"], before["result"], "version 0 is never overwritten");
    assert_eq!(
        (&after["edited"]["version"], &after["edited"]["result"]["content"]),
        (&json!(2), &json!("Cheap fuses protect every house."))
    );
    let list: Page<ContentVersionInfo> =
        cpm.member().get(&format!("{path}/versions?limit=2")).await.expect(200).parse();
    assert_eq!(list.data.iter().map(|it| (it.version, it.is_current)).collect::<Vec<_>>(), [(2, true), (1, false)]);
    let cursor = list.pagination.next_cursor.unwrap();
    let rest: Page<ContentVersionInfo> =
        cpm.member().get(&format!("{path}/versions?limit=2&cursor={cursor}")).await.expect(200).parse();
    assert_eq!((rest.data.len(), rest.data[0].version, rest.data[0].title.as_deref()), (1, 0, Some("Fuses")));
    assert_eq!((rest.data[0].quality_score, rest.data[0].author.as_ref()), (Some(88), None));

    let restore = format!("{path}/versions/0/restore");
    let back: ContentVersion = cpm.member().post(&restore, &json!({"version": 2})).await.expect(200).parse();
    assert_eq!((back.info.version, back.info.restored_from, back.info.changed), (3, Some(0), 0.0));
    assert_eq!(json!(back.result.content), before["result"]["content"]);
    let again: ContentVersion = cpm.member().get(&format!("{path}/versions/3")).await.expect(200).parse();
    assert_eq!(again.result.content, back.result.content);
    let zero: ContentVersion = cpm.member().get(&format!("{path}/versions/0")).await.expect(200).parse();
    assert_eq!((json!(zero.result), zero.info.is_current), (before["result"].clone(), false));
}

#[tokio::test]
async fn whoever_is_slower_is_told_and_of_many_at_once_one_wins() {
    let cpm = TestCpm::start().await;
    let path = format!("/jobs/{}", made(&cpm).await);
    let content = format!("{path}/content");
    let _ = cpm.member().put(&content, &edit(0, "One.")).await.expect(200);
    let late = cpm.member().put(&content, &edit(0, "Other.")).await.expect(409);
    assert_eq!(late.code(), "version_conflict");
    assert!(late.text.contains("version 1 is the newest; yours is based on version 0"), "{}", late.text);
    let restore = cpm.member().post(&format!("{path}/versions/0/restore"), &json!({"version": 0})).await.expect(409);
    assert_eq!(restore.code(), "version_conflict");
    let tries = (0..6).map(|_| {
        let (member, content) = (cpm.member(), content.clone());
        async move { member.put(&content, &edit(1, "Quick.")).await.status.as_u16() }
    });
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn verdicts_are_kept_and_the_last_one_holds() {
    let cpm = TestCpm::start().await;
    let job = made(&cpm).await;
    let (path, approval) = (format!("/jobs/{job}"), format!("/jobs/{job}/approval"));
    let withdrawn = json!({"verdict": "withdrawn"});
    assert_eq!(cpm.member().post(&approval, &withdrawn).await.expect(409).code(), "nothing_to_withdraw");
    let rejected = json!({"verdict": "rejected", "note": "too short"});
    let first: Approval = cpm.member().post(&approval, &rejected).await.expect(200).parse();
    assert_eq!(
        (first.verdict, first.version, first.is_current, first.note.as_deref()),
        (Verdict::Rejected, 0, true, Some("too short"))
    );
    assert_eq!(first.author.unwrap().user_id, cpm.tenants.customer_people.member);
    let _ = cpm.member().put(&format!("{path}/content"), &edit(0, "Longer now, and better.")).await.expect(200);
    let seen = cpm.member().get(&path).await.expect(200).json();
    assert_eq!((&seen["approval"]["verdict"], &seen["approval"]["is_current"]), (&json!("rejected"), &json!(false)));
    let stale = json!({"verdict": "approved", "version": 0});
    assert_eq!(cpm.member().post(&approval, &stale).await.expect(409).code(), "version_conflict");
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let _ = admin.post(&approval, &json!({"verdict": "approved", "version": 1})).await.expect(200);
    assert_eq!(cpm.member().get(&path).await.expect(200).json()["approval"]["verdict"], "approved");
    let _ = cpm.member().post(&approval, &withdrawn).await.expect(200);
    assert_eq!(cpm.member().get(&path).await.expect(200).json()["approval"], Value::Null);
    assert_eq!(cpm.member().post(&approval, &withdrawn).await.expect(409).code(), "nothing_to_withdraw");
    let all: Page<Approval> = cpm.member().get(&approval).await.expect(200).parse();
    let told: Vec<_> = all.data.iter().map(|it| (it.verdict, it.version)).collect();
    assert_eq!(told, [(Verdict::Withdrawn, 1), (Verdict::Approved, 1), (Verdict::Rejected, 0)]);
}

#[tokio::test]
async fn only_members_edit_and_judge_and_only_what_has_a_text() {
    let cpm = TestCpm::start().await;
    let path = format!("/jobs/{}", made(&cpm).await);
    let requests = [
        ("PUT", "content", edit(0, "x")),
        ("POST", "versions/0/restore", json!({"version": 0})),
        ("POST", "approval", json!({"verdict": "approved"})),
    ];
    for (method, below, body) in &requests {
        let method: http::Method = method.parse().unwrap();
        for (who, status) in [
            (cpm.user(cpm.tenants.customer_people.viewer), 403),
            (cpm.user(cpm.tenants.other_agency_people.owner), 404),
            (cpm.user(cpm.tenants.stranger), 404),
            (cpm.anonymous(), 401),
        ] {
            let _ = who.request(method.clone(), &format!("{path}/{below}"), Some(body)).await.expect(status);
        }
    }
    let outsider = cpm.user(cpm.tenants.other_customer_people.owner);
    for below in ["versions", "versions/0", "approval"] {
        let _ = outsider.get(&format!("{path}/{below}")).await.expect(404);
        let _ = cpm.user(cpm.tenants.customer_people.viewer).get(&format!("{path}/{below}")).await.expect(200);
    }
    // An agency's member may: what is below is theirs, too.
    let agency = cpm.user(cpm.tenants.agency_people.member);
    let _ = agency.put(&format!("{path}/content"), &edit(0, "By the agency.")).await.expect(200);
    let _ = agency.get(&format!("{path}/versions/7")).await.expect(404);
    let _ = agency.get(&format!("{path}/versions/one")).await.expect(404);

    let pending = cpm.accepted().await;
    let failed = cpm.accepted().await;
    cpm.end(failed, "failed", json!({})).await;
    for job in [pending, failed] {
        for (method, below, body) in &requests {
            let answer = agency.request(method.parse().unwrap(), &format!("/jobs/{job}/{below}"), Some(body)).await;
            assert_eq!(answer.expect(409).code(), "job_without_text");
        }
    }
}

#[tokio::test]
async fn what_is_too_long_is_named() {
    let cpm = TestCpm::start().await;
    let path = format!("/jobs/{}", made(&cpm).await);
    let fields = async |body: Value| cpm.member().put(&format!("{path}/content"), &body).await.expect(422).fields();
    assert_eq!(fields(edit(0, " ")).await, ["content"]);
    assert_eq!(fields(edit(0, &"x".repeat(200_001))).await, ["content"]);
    assert_eq!(fields(edit(-1, "x")).await, ["version"]);
    assert_eq!(fields(json!({"version": 0, "content": "x", "title": "a\nb", "colour": 1})).await, ["colour"]);
    assert_eq!(fields(json!({"version": 0, "content": "x", "title": "a\nb"})).await, ["title"]);
    assert_eq!(fields(json!({"content": "x"})).await, ["version"]);
    let verdict = json!({"verdict": "splendid"});
    assert_eq!(cpm.member().post(&format!("{path}/approval"), &verdict).await.expect(422).fields(), ["verdict"]);
    let long = json!({"verdict": "approved", "note": "x".repeat(1_001)});
    assert_eq!(cpm.member().post(&format!("{path}/approval"), &long).await.expect(422).fields(), ["note"]);
    let more = cpm.member().put(&format!("{path}/content"), &edit(0, &"x".repeat(1_100_000))).await.expect(413);
    assert!(more.text.contains("more than 1048576 bytes"), "{}", more.text);
}

/// An archived client's texts can be read, and neither edited nor judged.
#[tokio::test]
async fn an_archived_clients_texts_stay_as_they_are() {
    let cpm = TestCpm::start().await;
    let path = format!("/jobs/{}", made(&cpm).await);
    let _ = cpm.member().put(&format!("{path}/content"), &edit(0, "One.")).await.expect(200);
    let archive = "UPDATE clients SET archived_at = $2 WHERE id = $1";
    let client = cpm.tenants.customer.uuid();
    let mut db = cpm.superuser().await;
    sqlx::query(archive).bind(client).bind(Some(chrono::Utc::now())).execute(&mut db).await.unwrap();
    let tries = [
        cpm.member().put(&format!("{path}/content"), &edit(1, "Two.")).await,
        cpm.member().post(&format!("{path}/versions/0/restore"), &json!({"version": 1})).await,
        cpm.member().post(&format!("{path}/approval"), &json!({"verdict": "approved"})).await,
    ];
    for refused in tries {
        assert_eq!(refused.expect(409).code(), "client_archived");
    }
    let versions: Page<ContentVersionInfo> = cpm.member().get(&format!("{path}/versions")).await.expect(200).parse();
    assert_eq!(versions.data.len(), 2);
    let verdicts: Page<Approval> = cpm.member().get(&format!("{path}/approval")).await.expect(200).parse();
    assert!(verdicts.data.is_empty());
    sqlx::query(archive).bind(client).bind(None::<chrono::DateTime<chrono::Utc>>).execute(&mut db).await.unwrap();
    let _ = cpm.member().put(&format!("{path}/content"), &edit(1, "Two.")).await.expect(200);
}

/// What was copied from the page begins with its title: saved again, the text has it once.
#[tokio::test]
async fn a_title_that_begins_an_edit_is_its_title() {
    let cpm = TestCpm::start().await;
    let content = format!("/jobs/{}/content", made(&cpm).await);
    let save = edit(0, "# Fuses at home\n\nFuses protect every house.");
    let first: ContentVersion = cpm.member().put(&content, &save).await.expect(200).parse();
    assert_eq!(first.result.title.as_deref(), Some("Fuses at home"));
    assert_eq!((first.result.content.as_str(), first.result.word_count), ("Fuses protect every house.", 4));
    let alone = cpm.member().put(&content, &edit(1, "# Fuses at home")).await.expect(422);
    assert_eq!(alone.fields(), ["content"]);
}

/// Versions and verdicts of one text have a bound, and a page of verdicts has a next one.
#[tokio::test]
async fn what_is_kept_of_one_text_has_a_bound() {
    let cpm = TestCpm::start().await;
    let job = made(&cpm).await;
    let path = format!("/jobs/{job}");
    let _ = cpm.member().put(&format!("{path}/content"), &edit(0, "One.")).await.expect(200);
    let mut db = cpm.superuser().await;
    sqlx::query(
        "INSERT INTO content_versions (job_id, number, client_id, content, word_count, quality, quality_score, changed)
         SELECT v.job_id, n, v.client_id, v.content, v.word_count, v.quality, v.quality_score, v.changed
           FROM content_versions v, generate_series(2, 999) AS n WHERE v.job_id = $1",
    )
    .bind(job.uuid())
    .execute(&mut db)
    .await
    .unwrap();
    let last: ContentVersion =
        cpm.member().put(&format!("{path}/content"), &edit(999, "Last.")).await.expect(200).parse();
    assert_eq!(last.info.version, 1_000);
    let refused = cpm.member().put(&format!("{path}/content"), &edit(1_000, "More.")).await.expect(409);
    assert_eq!(refused.code(), "too_many_versions");
    assert!(refused.text.contains("the text has 1000 versions, and takes no more"), "{}", refused.text);
    let restore = cpm.member().post(&format!("{path}/versions/0/restore"), &json!({"version": 1_000})).await;
    assert_eq!(restore.expect(409).code(), "too_many_versions");

    let approval = format!("{path}/approval");
    for verdict in ["rejected", "approved", "withdrawn"] {
        let _ = cpm.member().post(&approval, &json!({"verdict": verdict, "note": verdict})).await.expect(200);
    }
    let first: Page<Approval> = cpm.member().get(&format!("{approval}?limit=2")).await.expect(200).parse();
    let said = |page: &Page<Approval>| page.data.iter().map(|it| it.verdict.as_str()).collect::<Vec<_>>();
    assert_eq!(said(&first), ["withdrawn", "approved"]);
    let cursor = first.pagination.next_cursor.clone().unwrap();
    let rest: Page<Approval> =
        cpm.member().get(&format!("{approval}?limit=2&cursor={cursor}")).await.expect(200).parse();
    assert_eq!((said(&rest), rest.pagination.has_more), (vec!["rejected"], false));
    assert_eq!(cpm.member().get(&format!("{approval}?cursor=x")).await.expect(422).fields(), ["cursor"]);
    sqlx::query(
        "INSERT INTO content_approvals (job_id, client_id, version, verdict)
         SELECT a.job_id, a.client_id, a.version, 'rejected' FROM content_approvals a, generate_series(1, 997)
          WHERE a.job_id = $1 AND a.verdict = 'approved'",
    )
    .bind(job.uuid())
    .execute(&mut db)
    .await
    .unwrap();
    let refused = cpm.member().post(&approval, &json!({"verdict": "approved"})).await.expect(409);
    assert_eq!(refused.code(), "too_many_verdicts");
}

/// Whoever has told no name stays unnamed: the addresses of staff are nobody's business here.
#[tokio::test]
async fn an_editor_without_a_name_is_somebody() {
    let cpm = TestCpm::start().await;
    let job = made(&cpm).await;
    let mut db = cpm.superuser().await;
    sqlx::query("DELETE FROM profiles WHERE user_id = $1")
        .bind(cpm.tenants.agency_people.member.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    let staff = cpm.user(cpm.tenants.agency_people.member);
    let _ = staff.put(&format!("/jobs/{job}/content"), &edit(0, "One.")).await.expect(200);
    let viewer = cpm.user(cpm.tenants.customer_people.viewer);
    let seen = viewer.get(&format!("/jobs/{job}/versions")).await.expect(200);
    assert_eq!(seen.json()["data"][0]["author"]["name"], "Somebody");
    assert!(!seen.text.contains('@'), "{}", seen.text);
}
