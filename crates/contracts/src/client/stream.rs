//! Answers that are read as they come: event streams, downloads.
//!
//! Their headers must come in time, as any answer; their bodies may take as long as the job or the file does. Whoever passes one on
//! says how long it may be silent.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use hg_common::{auth::Principal, http_client::TOTAL_TIMEOUT};
use http::{Method, StatusCode};
use serde::Serialize;

use super::{ClientError, Peer};

/// How long a stream's headers may take: as long as a whole answer elsewhere.
pub(super) const OPENS_WITHIN: Duration = TOTAL_TIMEOUT;
/// How long a stream may take as a whole: longer than a job lives.
const ENDS_WITHIN: Duration = Duration::from_hours(24);

type Parts = BoxStream<'static, Result<Bytes, ClientError>>;

impl Peer {
    /// POST whose answer is read as it comes.
    pub(crate) async fn send_and_stream<B: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        path: &str,
        headers: &[(&str, &str)],
        body: &B,
    ) -> Result<Parts, ClientError> {
        let call = self.post_with(on_behalf, path, headers, body)?;
        Ok(self.parts(self.open(call).await?))
    }

    /// The body as it comes; none for 204.
    pub(crate) async fn stream(
        &self,
        on_behalf: &Principal,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Option<Parts>, ClientError> {
        let call = self.call(on_behalf, Method::GET, path)?;
        let answer = self.open(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value))).await?;
        Ok((answer.status() != StatusCode::NO_CONTENT).then(|| self.parts(answer)))
    }

    /// The body of an answer to a question as it comes.
    pub(crate) async fn stream_query<Q: Serialize + Sync>(
        &self,
        on_behalf: &Principal,
        path: &str,
        query: &Q,
    ) -> Result<Parts, ClientError> {
        let call = self.call(on_behalf, Method::GET, path)?.query(query);
        Ok(self.parts(self.open(call).await?))
    }

    /// The answer's headers, or the whole of an answer that says no.
    async fn open(&self, call: reqwest::RequestBuilder) -> Result<reqwest::Response, ClientError> {
        let opened = async {
            let answer = call.timeout(ENDS_WITHIN).send().await.map_err(|error| self.away(error))?;
            self.accept(answer).await
        };
        tokio::time::timeout(self.opens_within, opened)
            .await
            .unwrap_or_else(|late| Err(ClientError::Away { service: self.service, source: late.into() }))
    }

    fn parts(&self, answer: reqwest::Response) -> Parts {
        let service = self.service;
        answer.bytes_stream().map_err(move |source| ClientError::Away { service, source: source.into() }).boxed()
    }
}

#[cfg(test)]
mod tests {
    use hg_common::{
        auth::{InternalIssuer, Service, internal::generate_key},
        http_client,
    };
    use hg_types::UserId;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn peer() -> (Peer, tokio::net::TcpListener) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (signing_key, _) = generate_key(Service::Gateway, "gateway-1");
        let issuer = InternalIssuer::new(Service::Gateway, &signing_key).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut peer = Peer::new(http_client::internal("test").unwrap(), issuer, Service::Cpm, &url);
        peer.opens_within = Duration::from_millis(150);
        (peer, listener)
    }

    fn somebody() -> Principal {
        Principal::User(UserId::from(uuid::Uuid::nil()))
    }

    #[tokio::test]
    async fn who_takes_the_call_and_says_nothing_is_away() {
        let (peer, listener) = peer().await;
        let deaf = tokio::spawn(async move {
            let _held = listener.accept().await;
            std::future::pending::<()>().await;
        });
        let asked = peer.send_and_stream(&somebody(), "/generate", &[], &()).await;
        assert!(matches!(asked, Err(ClientError::Away { service: Service::Cpm, .. })));
        deaf.abort();
    }

    #[tokio::test]
    async fn a_body_may_take_longer_than_its_headers() {
        let (peer, listener) = peer().await;
        let (go, goes) = tokio::sync::oneshot::channel::<()>();
        let slow = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            assert!(socket.read(&mut asked).await.unwrap() > 0);
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await.unwrap();
            goes.await.unwrap();
            socket.write_all(b"text").await.unwrap();
        });
        let mut parts = peer.stream(&somebody(), "/jobs/1/events", &[]).await.unwrap().unwrap();
        // Longer than the headers may take, and nothing has come.
        let early = tokio::time::timeout(peer.opens_within * 2, parts.next()).await;
        assert!(early.is_err(), "the stream has ended before its time");
        go.send(()).unwrap();
        assert_eq!(parts.next().await.unwrap().unwrap(), "text");
        slow.await.unwrap();
    }
}
