//! Asks every question of a service's routes, and judges the answers.

use std::collections::BTreeSet;

use axum::{Router, body::Body as HttpBody, extract::ConnectInfo};
use hg_common::{auth::Service, http::BuiltApp};
use http::Request;
use tower::ServiceExt;

use super::{
    callers::{self, Attempt, Cast, Headers},
    ground::{Ground, Victim},
    judge::{Answer, Expected},
    probe::{Body, Needs, Probe, Strangers, get},
};

/// The column in which the table says whether all the strangers together changed anything.
pub(crate) const UNCHANGED: &str = "nothing has changed";

/// One cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Method, path and query.
    pub(crate) question: String,
    /// The column.
    pub(crate) caller: &'static str,
    pub(crate) outcome: Outcome,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// As it must be; the status.
    Green(u16),
    /// Not so.
    Red(String),
    /// Nothing was asked, because.
    Empty(&'static str),
}

/// The cells of one service.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) service: Service,
    pub(crate) routes: usize,
    pub(crate) cells: Vec<Cell>,
    /// Answers to a right caller's GET, and how many of them had something of the victim's: a mark that nobody sees proves
    /// nothing to those who must not.
    pub(crate) shown: (usize, usize),
}

impl Matrix {
    pub(crate) fn red(&self) -> Vec<String> {
        self.cells
            .iter()
            .filter_map(|cell| match &cell.outcome {
                Outcome::Red(why) => Some(format!("{} {} by {}: {why}", self.service, cell.question, cell.caller)),
                Outcome::Green(_) | Outcome::Empty(_) => None,
            })
            .collect()
    }

    pub(crate) fn asked(&self) -> usize {
        self.cells.len() - self.empty()
    }

    pub(crate) fn empty(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell.outcome, Outcome::Empty(_))).count()
    }
}

/// Routes without a probe, and probes without a route.
pub(crate) fn unmatched(app: &BuiltApp, probes: &[Probe]) -> Vec<String> {
    let routes: BTreeSet<_> =
        app.table.routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let probed: BTreeSet<_> = probes.iter().map(Probe::route).collect();
    let missing =
        routes.difference(&probed).map(|route| format!("{route} has no probe: add a line to authorization/probes"));
    let idle = probed.difference(&routes).map(|route| format!("{route} has a probe, and isn't a route"));
    missing.chain(idle).collect()
}

/// Fills the matrix of an app's routes. Per probe: a new victim; everybody who may not, with the database before and after;
/// and at last, of the very same objects, somebody who may.
pub(crate) async fn fill(ground: &Ground, cast: &Cast, app: &BuiltApp, probes: &[Probe]) -> Matrix {
    let mut matrix =
        Matrix { service: ground.service, routes: app.table.routes().len(), cells: Vec::new(), shown: (0, 0) };
    for probe in probes {
        row(ground, cast, &app.router, probe, &mut matrix).await;
    }
    matrix
}

async fn row(ground: &Ground, cast: &Cast, router: &Router, probe: &Probe, matrix: &mut Matrix) {
    let mut victim = ground.plant().await;
    if let Some(path) = probe.confirmed_by {
        let headers = callers::right_callers(ground, cast, &victim, probe).await.swap_remove(0).1;
        let answer = ask(router, &get(path), &victim, &victim.fill(path), &headers).await;
        victim.name("confirmation", answer.confirmation());
    }
    let question = format!("{} {}{}", probe.method, probe.path, probe.query);
    let mut add = |caller, outcome| matrix.cells.push(Cell { question: question.clone(), caller, outcome });
    let before = ground.fingerprints().await;
    for plan in callers::plans(ground, cast, &victim, probe) {
        let outcome = match plan.attempt {
            Err(reason) => Outcome::Empty(reason),
            Ok(attempt) => {
                let answer = ask(router, probe, &victim, &attempt.uri, &attempt.headers).await;
                judged(&answer, &attempt, probe, &victim)
            }
        };
        add(plan.caller, outcome);
    }
    let after = ground.fingerprints().await;
    let changed: Vec<_> = before
        .iter()
        .filter(|(table, hash)| after.get(*table) != Some(hash))
        .map(|(table, _)| table.as_str())
        .collect();
    add(
        UNCHANGED,
        if changed.is_empty() { Outcome::Green(0) } else { Outcome::Red(format!("changed: {}", changed.join(", "))) },
    );

    let right = callers::right_callers(ground, cast, &victim, probe).await;
    if right.is_empty() {
        add("the least role that may", Outcome::Empty("the route is public"));
    }
    for (nth, (caller, headers)) in right.into_iter().enumerate() {
        // The first has changed the victim.
        let (victim, headers) = if nth > 0 && probe.is_change() {
            let another = ground.plant().await;
            let headers = callers::right_callers(ground, cast, &another, probe).await.swap_remove(nth).1;
            (another, headers)
        } else {
            (victim.clone(), headers)
        };
        let expected = if matches!(probe.needs, Needs::OwnSession) { Expected::Done } else { Expected::Open };
        let attempt = Attempt { uri: probe.uri(&victim), headers, expected };
        // Planting another victim has changed something, too.
        let before = ground.fingerprints().await;
        let answer = ask(router, probe, &victim, &attempt.uri, &attempt.headers).await;
        let mut outcome = judged(&answer, &attempt, probe, &victim);
        let must_change = probe.is_change() && !probe.only_looks;
        if must_change && matches!(outcome, Outcome::Green(_)) && ground.fingerprints().await == before {
            outcome = Outcome::Red(format!("{} and nothing has changed", answer.status.as_u16()));
        }
        matrix.cells.push(Cell { question: question.clone(), caller, outcome });
        if !probe.is_change() && matches!(probe.needs, Needs::Role(..)) && probe.strangers != Strangers::Refused {
            let shown = !victim.traces(&attempt.uri, &answer.text()).is_empty();
            matrix.shown = (matrix.shown.0 + 1, matrix.shown.1 + usize::from(shown));
        }
    }
}

fn judged(answer: &Answer, attempt: &Attempt, probe: &Probe, victim: &Victim) -> Outcome {
    // What the caller has named themselves may be said again.
    let asked = format!("{} {}", attempt.uri, victim.fill(text_of(probe.body)));
    let says_no = probe.too_low_says.filter(|part| attempt.expected == Expected::Open && answer.text().contains(part));
    if let Some(part) = says_no {
        return Outcome::Red(format!("{} and says {part}", answer.status.as_u16()));
    }
    match answer.judge(attempt.expected, &victim.traces(&asked, &answer.text())) {
        None => Outcome::Green(answer.status.as_u16()),
        Some(why) => Outcome::Red(why),
    }
}

const fn text_of(body: Body) -> &'static str {
    match body {
        Body::Nothing => "",
        Body::Json(text) | Body::Form(text) => text,
    }
}

async fn ask(router: &Router, probe: &Probe, victim: &Victim, uri: &str, headers: &Headers) -> Answer {
    let accept = if uri.starts_with("/api/") { "application/json" } else { "text/html" };
    let mut request =
        Request::builder().method(probe.method).uri(uri).header("accept", accept).extension(ConnectInfo(address()));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request = match probe.body {
        Body::Nothing => request,
        Body::Json(_) => request.header("content-type", "application/json"),
        Body::Form(_) => request.header("content-type", "application/x-www-form-urlencoded"),
    };
    let body = HttpBody::from(victim.fill(text_of(probe.body)));
    let response = router.clone().oneshot(request.body(body).unwrap()).await;
    Answer::read(response.unwrap_or_else(|never| match never {})).await
}

/// Each question comes from an address of its own, or the throttle of wrong keys would answer for the rules.
fn address() -> std::net::SocketAddr {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    (std::net::Ipv4Addr::from_bits(0x0A00_0000 + NEXT.fetch_add(1, Ordering::Relaxed)), 1).into()
}
