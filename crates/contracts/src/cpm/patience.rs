//! How long those of CPM's answers are waited for that take longer than others.

use std::time::Duration;

/// A limit that comes in the middle of a day or month counts what was spent in it, for seconds where that was much, and waits five
/// more for its moment.
pub(super) const LIMITED_WITHIN: Duration = Duration::from_secs(40);
/// CPM gives a provider ten seconds to say whether it takes a key, and answers `unknown` then.
pub(super) const TRIED_WITHIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use hg_common::{
        auth::{InternalIssuer, Principal, Service, internal::generate_key},
        http_client::TOTAL_TIMEOUT,
    };
    use hg_types::{ApiKeyId, ClientId, UserId};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use uuid::Uuid;

    use super::*;
    use crate::{
        client::{ClientError, Peer},
        cpm::{CpmClient, SetLimits, UpdateApiKey},
    };

    /// As long as other answers are waited for here.
    const USUAL: Duration = Duration::from_millis(150);

    /// A CPM that takes a call, and answers when it is told.
    async fn slow() -> (CpmClient, tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (signing_key, _) = generate_key(Service::Gateway, "gateway-1");
        let issuer = InternalIssuer::new(Service::Gateway, &signing_key).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().timeout(USUAL).build().unwrap();
        let (go, goes) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            assert!(socket.read(&mut asked).await.unwrap() > 0);
            if goes.await.is_ok() {
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            }
        });
        (CpmClient(Peer::new(http, issuer, Service::Cpm, &url)), go, serving)
    }

    #[tokio::test]
    async fn what_takes_long_is_waited_for() {
        let person = Principal::User(UserId::from(Uuid::nil()));
        let (client, key) = (ClientId(Uuid::nil()), Uuid::nil());
        for which in 0..4 {
            let (cpm, go, serving) = slow().await;
            let call = async {
                let limits = SetLimits { daily_usd: None, monthly_usd: None };
                match which {
                    0 => cpm.set_limits(&person, "shop", &limits).await.map(drop),
                    1 => cpm.set_cap(&person, "shop", &limits).await.map(drop),
                    2 => {
                        let change = UpdateApiKey::default();
                        cpm.update_api_key(&person, client, ApiKeyId(key), &change).await.map(drop)
                    }
                    _ => cpm.test_provider_key(&person, client, key).await.map(drop),
                }
            };
            let mut call = std::pin::pin!(call);
            let early = tokio::time::timeout(USUAL * 2, call.as_mut()).await;
            assert!(early.is_err(), "{which} was given up: {early:?}");
            go.send(()).unwrap();
            // The answer was read; what is in it is no matter here.
            assert!(matches!(call.await, Err(ClientError::Malformed { .. })), "{which}");
            serving.await.unwrap();
        }
        // Others are not: the same CPM is away for them.
        let (cpm, go, serving) = slow().await;
        assert!(matches!(cpm.client_budget(&person, "shop").await, Err(ClientError::Away { .. })));
        drop(go);
        serving.await.unwrap();
        assert!(TRIED_WITHIN > TOTAL_TIMEOUT && LIMITED_WITHIN > TOTAL_TIMEOUT);
    }
}
