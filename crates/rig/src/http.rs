//! A lean HTTP/1.1 client: one connection, one call at a time, the body read whole.
//!
//! The load comes from the machine that is measured, so what it costs is taken from the services: no pool with locks, no
//! redirects, no cookies. It must not know our paths.

use std::{net::SocketAddr, sync::Mutex, sync::PoisonError, time::Duration};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A call that takes longer was not answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request to be made.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Call {
    /// `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// `POST` with a JSON body.
    pub fn post(path: impl Into<String>, json: impl Into<Bytes>) -> Self {
        let json_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { method: Method::POST, path: path.into(), headers: vec![json_type], body: json.into() }
    }

    /// `DELETE`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, ..Self::get(path) }
    }

    /// With one more header. The value is one of ours: tokens, keys, numbers.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Refuses any other status, and says what was answered instead.
    ///
    /// # Errors
    /// The status is another.
    pub fn expect(&self, status: StatusCode) -> Result<()> {
        anyhow::ensure!(self.status == status, "expected {status}, and not {}: {}", self.status, self.text());
        Ok(())
    }

    /// Its body as JSON.
    ///
    /// # Errors
    /// It isn't JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    /// The beginning of the body, for people.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(400).collect()
    }
}

/// A connection that is kept alive.
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender, or when the other side closes; a call that is cut off says so itself.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, host: HeaderValue::from_str(&address.to_string())? })
    }

    /// Makes a call and reads its answer.
    ///
    /// # Errors
    /// The connection broke, or there is no answer after a minute.
    pub async fn send(&mut self, call: &Call) -> Result<Answer> {
        let whole = async {
            let (head, body) = self.start(call).await?.into_parts();
            let body = body.collect().await.context("the answer broke off")?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(PATIENCE, whole).await.with_context(|| format!("no answer after {PATIENCE:?}"))?
    }

    /// Makes a call whose answer is read as it comes.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn start(&mut self, call: &Call) -> Result<Response<Incoming>> {
        self.sender.ready().await.context("the connection was closed")?;
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.path.parse().with_context(|| format!("{} is no path", call.path))?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        for (name, value) in &call.headers {
            headers.append(name, value.clone());
        }
        self.sender.send_request(request).await.context("the call failed")
    }

    fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}

/// A server, and the connections to it that are not in use.
pub struct Server {
    address: SocketAddr,
    idle: Mutex<Vec<Connection>>,
}

impl Server {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default() }
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a call over a connection that is free, or a new one.
    ///
    /// # Errors
    /// The connection broke, or there is no answer after a minute.
    pub async fn send(&self, call: &Call) -> Result<Answer> {
        let mut connection = self.connection().await?;
        let answer = connection.send(call).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(answer)
    }

    async fn connection(&self) -> Result<Connection> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(connection) if connection.is_open() => return Ok(connection),
                Some(_) => {}
                None => return Connection::open(self.address).await,
            }
        }
    }
}
