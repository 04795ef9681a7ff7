//! `POST /generate` with `stream`: the job's events as the answer, and how to go on elsewhere.

use hg_testkit::Api;
use http::Method;
use serde_json::{Value, json};

use crate::{
    replicas::House,
    sse::{Seen, Watching},
    support::{TestCpm, blog_with},
};

async fn stream(api: &Api, body: &Value) -> Watching {
    Watching::of(api.start(Method::POST, "/generate").json(body).send().await.unwrap())
}

fn short() -> Value {
    blog_with(json!({"stream": true, "word_count_range": [50, 100]}))
}

/// Puts pieces of text together, and proves that none is missing.
fn text_of(seen: &[Seen]) -> String {
    let mut text = String::new();
    for one in seen {
        match one.event.as_str() {
            "delta" => {
                assert_eq!(one.data["offset"], text.len(), "{one:?} follows {text:?}");
                text.push_str(one.data["text"].as_str().unwrap());
            }
            "reset" => text.clear(),
            _ => {}
        }
    }
    text
}

/// The numbers of the durable events.
fn numbers(seen: &[Seen]) -> Vec<i32> {
    seen.iter().filter_map(|one| one.id.as_deref()?.parse().ok()).collect()
}

#[tokio::test]
async fn the_text_comes_as_the_answer() {
    let house = House::open().await;
    let replica = house.replica(4).await;
    let member = replica.user(house.tenants.customer_people.member);
    let seen = stream(&member, &short()).await.rest().await;
    let first = &seen[0];
    assert_eq!((first.event.as_str(), first.data["status"].as_str(), &first.id), ("accepted", Some("pending"), &None));
    let job = first.data["job_id"].as_str().unwrap().to_owned();
    let last = seen.last().unwrap();
    assert_eq!(last.event, "completed", "{last:?}");
    let numbers = numbers(&seen);
    assert_eq!(numbers, (1..=i32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>(), "all, once, in order");
    // The same as any watcher sees of the ended job.
    let again = Watching::at(&member, &format!("/jobs/{job}/events"), None).await.rest().await;
    let durable: Vec<&Seen> =
        seen.iter().filter(|one| one.id.as_deref().is_some_and(|id| id.parse::<i32>().is_ok())).collect();
    assert_eq!(durable, again.iter().collect::<Vec<_>>());
    let result = member.get(&format!("/jobs/{job}")).await.expect(200).json();
    let text = text_of(&seen);
    let title = result["result"]["title"].as_str().unwrap();
    assert!(text.len() > 100 && text.contains(title), "{title} isn't in {text}");
    replica.end().await;
}

#[tokio::test]
async fn by_the_header_and_for_a_repeat() {
    let house = House::open().await;
    let replica = house.replica(4).await;
    let member = replica.user(house.tenants.customer_people.member).with_header("idempotency-key", "k1");
    let plain = blog_with(json!({"word_count_range": [50, 100]}));
    let browser = member.clone().with_header("accept", "text/event-stream");
    let first = stream(&browser, &plain).await.rest().await;
    let repeated = stream(&member, &short()).await.rest().await;
    assert_eq!(repeated[0].data["job_id"], first[0].data["job_id"]);
    assert_eq!(repeated[0].data["status"], "completed");
    assert_eq!(numbers(&repeated), numbers(&first));
    assert_eq!(repeated.last(), first.last());
    replica.end().await;
}

#[tokio::test]
async fn whoever_loses_the_connection_goes_on_at_another_replica() {
    let house = House::open().await;
    // The first accepts and streams, the second runs the job.
    let (one, other) = (house.replica(1).await, house.replica(4).await);
    let user = house.tenants.customer_people.member;
    let mut stream = stream(&one.user(user), &short()).await;
    let mut seen = Vec::new();
    while !seen.iter().any(|one: &Seen| one.event == "delta") {
        seen.push(stream.next().await.unwrap());
    }
    drop(stream);
    let job = seen[0].data["job_id"].as_str().unwrap().to_owned();
    let last = seen.last().unwrap().id.clone().unwrap();
    let rest = Watching::at(&other.user(user), &format!("/jobs/{job}/events"), Some(&last)).await.rest().await;
    seen.extend(rest);
    assert_eq!(seen.last().unwrap().event, "completed");
    let numbers = numbers(&seen);
    assert_eq!(numbers, (1..=i32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>(), "no gap and no repeat");
    assert!(text_of(&seen).len() > 100);
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn what_keeps_it_from_being_accepted_is_no_stream() {
    let cpm = TestCpm::with(&[("DAILY_COST_LIMIT", "0.000001"), ("DEFAULT_LLM_PROVIDER", "openai")]).await;
    let ask = async |body: Value, key: Option<&str>| {
        let member = cpm.member().with_header("accept", "text/event-stream");
        let member = key.map_or(member.clone(), |key| member.with_header("idempotency-key", key));
        member.post("/generate", &body).await
    };
    for (body, key, status) in [
        (blog_with(json!({"content_type": "poem"})), None, 422),
        (blog_with(json!({"temperature": 9})), None, 422),
        (blog_with(json!({"client_id": "ohio-paving"})), None, 404),
        (blog_with(json!({})), None, 402),
    ] {
        let answer = ask(body, key).await.expect(status);
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    drop(ask(blog_with(json!({"llm_provider": "sample", "wait": 0})), Some("k")).await.expect(200));
    let reused = blog_with(json!({"llm_provider": "sample", "topic": "Another"}));
    assert_eq!(ask(reused, Some("k")).await.expect(409).code(), "idempotency_key_reused");
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn without_redis_the_events_come_all_the_same() {
    let cpm = TestCpm::with(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let mut stream = stream(&cpm.member(), &blog_with(json!({"stream": true}))).await;
    let job = stream.expect("accepted").await.data["job_id"].as_str().unwrap().parse().unwrap();
    cpm.end(job, "completed", json!({"title": "Fuses"})).await;
    stream.expect("status").await;
    stream.expect("completed").await;
    assert_eq!(stream.next().await, None);
}
