//! The bundled web client: the files of `web/`, embedded, each under a name that changes with any of them.
//!
//! In a debug build they are read from the folder at each request, so that a change shows at the next reload.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::failure::Failure;

#[derive(RustEmbed)]
#[folder = "../../web/app"]
#[prefix = "app/"]
struct App;

#[derive(RustEmbed)]
#[folder = "../../web/styles"]
#[prefix = "styles/"]
struct Styles;

#[derive(RustEmbed)]
#[folder = "../../web/images"]
#[prefix = "images/"]
struct Images;

#[derive(RustEmbed)]
#[folder = "../../web/vendor"]
#[prefix = "vendor/"]
struct Vendor;

#[derive(RustEmbed)]
#[folder = "../../web/sdk/src"]
#[prefix = "sdk/src/"]
struct Sdk;

/// Where the page stands among them.
const PAGE: &str = "app/index.html";
/// What the page says before the names of its files.
const UNVERSIONED: &str = "\"assets/";
/// A file's name bears the version of all, so it may be kept for good.
const CACHED_FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// Asked for under another version's name, by a page that was open during an upgrade.
const ASKED_AGAIN: &str = "no-cache";
/// Only what comes from here runs, shows or is spoken to; pictures are also made from what was fetched with
/// a token.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a reader gets at `/`.
struct Release {
    version: String,
    page: String,
}

impl Release {
    fn of_files() -> Self {
        let mut version = 0_u128;
        for name in names() {
            if let Some(found) = file(&name) {
                let hash: [u8; 16] = std::array::from_fn(|place| found.metadata.sha256_hash()[place]);
                // The names are sorted: an order of the hashes is an order of the files.
                version = version.rotate_left(7) ^ u128::from_be_bytes(hash);
            }
        }
        let version = format!("{version:032x}");
        let page = file(PAGE).map_or_else(String::new, |page| {
            String::from_utf8_lossy(&page.data).into_owned()
        });
        let page = page.replace(UNVERSIONED, &format!("\"assets/{version}/"));
        Self { version, page }
    }
}

/// The release that was last asked for.
static CURRENT: Mutex<Option<Arc<Release>>> = Mutex::new(None);

/// The release; in a debug build that of the files as they are now, when a page is asked for.
fn release(is_page: bool) -> Arc<Release> {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some(release) if !(cfg!(debug_assertions) && is_page) => release.clone(),
        _ => current.insert(Arc::new(Release::of_files())).clone(),
    }
}

fn names() -> Vec<String> {
    let all = App::iter()
        .chain(Styles::iter())
        .chain(Images::iter())
        .chain(Vendor::iter())
        .chain(Sdk::iter());
    let mut names: Vec<String> = all
        .filter(|name| media_type(name).is_some())
        .map(Cow::into_owned)
        .collect();
    names.sort();
    names
}

fn file(name: &str) -> Option<EmbeddedFile> {
    match name.split_once('/')?.0 {
        "app" => App::get(name),
        "styles" => Styles::get(name),
        "images" => Images::get(name),
        "vendor" => Vendor::get(name),
        "sdk" => Sdk::get(name),
        _ => None,
    }
}

/// Of the kinds of files that a page is made of; licences and notes beside them are not served.
fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" | "mjs" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        _ => None,
    }
}

/// `GET /`
pub(crate) async fn page(headers: HeaderMap) -> Response {
    let release = release(true);
    let tag = format!("W/\"{}\"", release.version);
    let mut response = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            release.page.clone(),
        )
            .into_response()
    };
    describe(&mut response, ASKED_AGAIN, &tag);
    response
}

/// `GET /assets/{version}/{path}`
pub(crate) async fn asset(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let found = media_type(&name).and_then(|media_type| Some((file(&name)?, media_type)));
    let Some((found, media_type)) = found else {
        return Failure::of_status(StatusCode::NOT_FOUND).into_response();
    };
    let mut tag = String::from("W/\"");
    for byte in &found.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    let mut response = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type)], found.data).into_response()
    };
    let cached = if version == release(false).version {
        CACHED_FOR_GOOD
    } else {
        ASKED_AGAIN
    };
    describe(&mut response, cached, &tag);
    response
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == tag))
}

fn describe(response: &mut Response, cached: &'static str, tag: &str) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // What is compressed differs by what the reader takes.
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
}
