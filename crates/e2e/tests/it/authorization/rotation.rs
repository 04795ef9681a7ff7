//! Internal keys change while people work: the steps of `docs/operators.md`, with what `hg admin keys` prints.

use std::{
    process::Command,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Body, extract::Request, response::Response};
use hg_common::{
    auth::{InternalIssuer, Principal, Service},
    http::ShutdownToken,
};
use hg_testkit::{Api, TestServer, until};
use hg_types::UserId;
use tower::ServiceExt;

use super::ground::{Ground, Session, SessionKind, build};

/// What the command prints for one generation.
struct Generation {
    gateway: String,
    public: String,
}

impl Generation {
    fn print(number: u8) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_hg-e2e-hg"))
            .args(["admin", "keys", "--generation", &number.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let value = |section: &str, name: &str| {
            let lines = text
                .lines()
                .skip_while(|line| *line != format!("# {section}"))
                .skip(1)
                .take_while(|line| !line.starts_with('#'));
            lines.filter_map(|line| line.split_once('=')).find(|(key, _)| *key == name).unwrap().1.to_owned()
        };
        Self { gateway: value("gateway", "INTERNAL_SIGNING_KEY"), public: value("smm", "INTERNAL_PUBLIC_KEYS") }
    }

    /// What the gateway sends to strategy management for a person.
    fn token(&self, person: UserId) -> String {
        let issuer = InternalIssuer::new(Service::Gateway, &self.gateway).unwrap();
        issuer.mint(Service::Smm, &Principal::User(person), chrono::Utc::now()).unwrap()
    }
}

/// A service's place behind its proxy: whoever comes gets the replica that is in service.
#[derive(Clone)]
struct Place(Arc<RwLock<Router>>);

impl Place {
    fn new(replica: Router) -> Self {
        Self(Arc::new(RwLock::new(replica)))
    }

    fn replace(&self, replica: Router) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = replica;
    }

    async fn answer(self, request: Request) -> Response {
        let replica = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        replica.oneshot(request).await.unwrap_or_else(|never| match never {})
    }

    fn proxy(&self) -> Router {
        let place = self.clone();
        Router::new().fallback(move |request: Request| place.clone().answer(request))
    }
}

async fn asks_the_gateway(gateway: Router, session: &Session) -> u16 {
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 1).into();
    let request = http::Request::get("/api/clients")
        .header("cookie", format!("hg_session={}", session.token))
        .extension(axum::extract::ConnectInfo(address));
    gateway.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_and_nobody_notices() {
    let (one, two) = (Generation::print(1), Generation::print(2));
    let ground = Ground::start(Service::Smm).await;
    let shutdown = ShutdownToken::new();
    let person = ground.tenants.customer_people.owner;
    let session = ground.session(person, SessionKind::Live).await;
    let smm_knowing = async |public: String| {
        let keys = [("INTERNAL_PUBLIC_KEYS", public)];
        build(Service::Smm, &ground.db, &ground.identity, &keys, &shutdown).await.router
    };
    let smm = Place::new(smm_knowing(one.public.clone()).await);
    let server = TestServer::start(smm.proxy()).await;
    let gateway_signing = async |keys: &Generation| {
        let variables = [
            ("INTERNAL_SIGNING_KEY", keys.gateway.clone()),
            ("SMM_SERVICE_URL", server.url()),
            ("PUBLIC_URL", "http://gateway.localhost:3000".to_owned()),
        ];
        build(Service::Gateway, &ground.db, &ground.identity, &variables, &shutdown).await.router
    };
    let old_gateway = gateway_signing(&one).await;
    let gateway = Place::new(old_gateway.clone());

    // Somebody who works all the while.
    let (asked, failed, done) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let work = {
        let (gateway, session) = (gateway.proxy(), session.clone());
        let (asked, failed, done) = (Arc::clone(&asked), Arc::clone(&failed), Arc::clone(&done));
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                if asks_the_gateway(gateway.clone(), &session).await != 200 {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let goes_on = async || {
        let enough = asked.load(Ordering::Relaxed) + 20;
        until("work goes on", || async { asked.load(Ordering::Relaxed) >= enough }).await;
    };
    let direct = async |keys: &Generation| {
        let api = Api::anonymous(&server.url()).with_header("authorization", &format!("Bearer {}", keys.token(person)));
        api.get("/clients").await.status.as_u16()
    };
    goes_on().await;
    assert_eq!((direct(&one).await, direct(&two).await), (200, 401));
    // 1. Every callee knows both generations.
    smm.replace(smm_knowing(format!("{},{}", one.public, two.public)).await);
    goes_on().await;
    assert_eq!((direct(&one).await, direct(&two).await), (200, 200));
    // 2. Callers sign with the new key; a replica that still has the old one is served, too.
    gateway.replace(gateway_signing(&two).await);
    goes_on().await;
    assert_eq!(asks_the_gateway(old_gateway.clone(), &session).await, 200);
    // 3. The old public keys go.
    smm.replace(smm_knowing(two.public.clone()).await);
    goes_on().await;
    assert_eq!((direct(&one).await, direct(&two).await), (401, 200));
    assert_ne!(asks_the_gateway(old_gateway, &session).await, 200);
    done.store(true, Ordering::Relaxed);
    work.await.unwrap();
    assert_eq!(failed.load(Ordering::Relaxed), 0, "of {} requests", asked.load(Ordering::Relaxed));
    shutdown.cancel();
}
