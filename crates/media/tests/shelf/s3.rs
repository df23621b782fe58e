//! As much of S3 as the shelf asks of it, in memory: objects, parts, ranges. Signatures are only looked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use confab_media::S3Settings;

#[derive(Default)]
struct Shelves {
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, BTreeMap<usize, Bytes>>,
    parts_seen: usize,
}

/// A running server.
pub(crate) struct Server {
    address: std::net::SocketAddr,
    shelves: Arc<Mutex<Shelves>>,
}

pub(crate) fn settings(endpoint: &str) -> S3Settings {
    S3Settings {
        bucket: "bucket".into(),
        region: "nowhere-1".into(),
        endpoint: Some(endpoint.to_owned()),
        keys: Some(("id".into(), "secret".into())),
        bucket_in_host: false,
        prefix: "some/where".into(),
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shelves = Arc::new(Mutex::new(Shelves::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shelves));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shelves }
    }

    pub(crate) fn settings(&self) -> S3Settings {
        settings(&format!("http://{}", self.address))
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.shelves.lock().unwrap().objects.keys().cloned().collect()
    }

    pub(crate) fn open_uploads(&self) -> usize {
        self.shelves.lock().unwrap().uploads.len()
    }

    pub(crate) fn parts_seen(&self) -> usize {
        self.shelves.lock().unwrap().parts_seen
    }

    /// Uploads are given up in the background.
    pub(crate) async fn settled(&self) {
        let settled = async {
            while self.open_uploads() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), settled)
            .await
            .unwrap();
    }
}

async fn answer(State(shelves): State<Arc<Mutex<Shelves>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let signed = parts.headers.get(header::AUTHORIZATION);
    if !signed.is_some_and(|value| value.to_str().unwrap().contains("Credential=id/")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let key = parts.uri.path().to_owned();
    if !key.starts_with("/bucket/some/where/") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let query: BTreeMap<&str, &str> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let mut shelves = shelves.lock().unwrap();
    let etag = [(header::ETAG, "\"tag\"")];
    match (&parts.method, query.get("uploadId"), query.get("partNumber")) {
        (&Method::POST, None, _) if query.contains_key("uploads") => {
            shelves.uploads.insert(key, BTreeMap::new());
            let xml =
                "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>";
            xml.into_response()
        }
        (&Method::PUT, Some(_), Some(number)) => {
            let number: usize = number.parse().unwrap();
            shelves.parts_seen += 1;
            shelves.uploads.get_mut(&key).unwrap().insert(number, body);
            etag.into_response()
        }
        (&Method::POST, Some(_), None) => {
            let sent = shelves.uploads.remove(&key).unwrap();
            let last = sent.len();
            // The real one refuses parts that are too small, but for the last.
            let small = sent
                .iter()
                .any(|(number, part)| *number < last && part.len() < 5 * 1024 * 1024);
            if small {
                return StatusCode::BAD_REQUEST.into_response();
            }
            let whole = sent.into_values().flatten().collect();
            shelves.objects.insert(key, whole);
            "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>"
                .into_response()
        }
        (&Method::DELETE, Some(_), None) => {
            shelves.uploads.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        (&Method::PUT, None, None) => {
            shelves.objects.insert(key, body);
            etag.into_response()
        }
        (&Method::DELETE, None, None) => {
            shelves.objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        (&Method::GET, None, None) => {
            let Some(object) = shelves.objects.get(&key) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let modified = [(header::LAST_MODIFIED, "Wed, 21 Oct 2015 07:28:00 GMT")];
            let Some(range) = parts.headers.get(header::RANGE) else {
                return (etag, modified, object.clone()).into_response();
            };
            let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
            let (from, to) = range.split_once('-').unwrap();
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            let said = [(
                header::CONTENT_RANGE,
                format!("bytes {from}-{to}/{}", object.len()),
            )];
            (
                StatusCode::PARTIAL_CONTENT,
                etag,
                modified,
                said,
                object.slice(from..=to),
            )
                .into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}
