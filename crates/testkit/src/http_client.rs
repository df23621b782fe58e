//! A JSON client for REST tests.
use std::time::Duration;

pub use reqwest::Method;
pub use reqwest::header::HeaderMap;
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one base URL. It follows no redirects, so that tests see them.
#[derive(Clone, Debug)]
pub struct HttpClient {
    base_url: String,
    client: reqwest::Client,
}

/// One request in the making.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    what: String,
    builder: reqwest::RequestBuilder,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    what: String,
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl HttpClient {
    /// A client of `base_url`, like `http://127.0.0.1:8080`.
    ///
    /// # Panics
    /// When the TLS library cannot be set up.
    pub fn new(base_url: impl Into<String>) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .expect("a client without special wishes can be built");
        Self {
            base_url: base_url.into().trim_end_matches('/').to_owned(),
            client,
        }
    }

    /// The base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A request to add to: `client.request(Method::POST, "/rooms").bearer(&token).json(&body).send()`.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let what = format!("{method} {path}");
        Request {
            what,
            builder: self.client.request(method, format!("{}{path}", self.base_url)),
        }
    }

    /// Method, path, bearer token and JSON body in one call.
    ///
    /// # Panics
    /// As [`Request::send`].
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.request(method, path);
        if let Some(bearer) = bearer {
            request = request.bearer(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    /// GET with a bearer token.
    ///
    /// # Panics
    /// As [`Request::send`].
    pub async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.call(Method::GET, path, Some(bearer), None).await
    }

    /// POST with a bearer token and a JSON body.
    ///
    /// # Panics
    /// As [`Request::send`].
    pub async fn post(&self, path: &str, bearer: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(bearer), Some(body)).await
    }
}

impl Request {
    /// Adds `Authorization: Bearer`.
    pub fn bearer(mut self, token: &str) -> Self {
        self.builder = self.builder.bearer_auth(token);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// Sets any body; add a content type by [`Self::header`].
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.builder = self.builder.body(body.into());
        self
    }

    /// Sends it and reads the whole answer, whatever its status.
    ///
    /// # Panics
    /// When no answer comes within 30 seconds. [`Self::try_send`] returns that as an error.
    pub async fn send(self) -> Answer {
        let what = self.what.clone();
        self.try_send()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    /// Sends it and reads the whole answer; an error when the server cannot be reached or breaks off.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let answer = self.builder.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer {
            what: self.what,
            status,
            headers,
            body: answer.bytes().await?.to_vec(),
        })
    }
}

impl Answer {
    /// The value of a header, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "{} answered {} with no JSON ({error}): {}",
                self.what,
                self.status,
                self.text()
            )
        })
    }

    /// Checks the status and returns the JSON body; null for an empty one.
    ///
    /// # Panics
    /// When the status is another, showing the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{} answered {}: {}",
            self.what,
            self.status,
            self.text()
        );
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request and returns it as text.
    async fn serve_once(answer: &'static str) -> (HttpClient, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = HttpClient::new(format!("http://{}/", listener.local_addr().unwrap()));
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let mut count = stream.read(&mut request).await.unwrap();
            while !request[..count].ends_with(b"}") && !request[..count].ends_with(b"\r\n\r\n") {
                count += stream.read(&mut request[count..]).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..count]).into_owned()
        });
        (client, served)
    }

    #[tokio::test]
    async fn sends_what_it_is_told_and_returns_any_status() {
        let (client, served) = serve_once(
            "HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\nconnection: close\r\n\r\n{\"code\":\"not_found\"}",
        )
        .await;
        let answer = client.post("/rooms", "secret", &json!({"name": "general"})).await;
        assert_eq!(answer.expect(404), json!({"code": "not_found"}));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let request = served.await.unwrap();
        assert!(request.starts_with("POST /rooms HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
        assert!(request.ends_with("{\"name\":\"general\"}"), "{request}");
    }

    #[tokio::test]
    #[should_panic(expected = "GET / answered 500: oops")]
    async fn another_status_shows_the_body() {
        let (client, _served) = serve_once("HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\noops").await;
        client.get("/", "t").await.expect(200);
    }
}
