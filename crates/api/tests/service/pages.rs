//! Documents and pages: there, complete, and loading nothing from elsewhere.

use serde_json::json;

use crate::desk::Desk;

#[tokio::test]
async fn the_documents_are_served() {
    let desk = Desk::open().await;
    let document = desk.call("GET", "/openapi.json", None, None).await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(
        document.expect(200),
        serde_json::to_value(confab_api::openapi()).unwrap()
    );
    assert_eq!(
        desk.call("GET", "/asyncapi.json", None, None).await.expect(200),
        json!({"asyncapi": "3.0.0"})
    );
    let index = desk.call("GET", "/schemas", None, None).await.expect(200);
    assert_eq!(index, json!({"items": ["/schemas/events/a.v1.json"]}));
    let schema = desk.client.call(
        confab_testkit::http_client::Method::GET,
        "/schemas/events/a.v1.json",
        None,
        None,
    );
    assert_eq!(schema.await.expect(200), json!({"type": "object"}));
    desk.call("GET", "/schemas/none.json", None, None)
        .await
        .expect(404);
    let capabilities = desk.call("GET", "/capabilities", None, None).await.expect(200);
    assert_eq!(capabilities["limits"]["content_chars_max"], 16_384);
    assert_eq!(
        capabilities["limits"]["frames"],
        json!({"limit": 120, "window_seconds": 10})
    );
}

#[tokio::test]
async fn readiness_is_told_in_short() {
    let desk = Desk::open().await;
    desk.call("GET", "/ready", None, None).await.expect(200);
    desk.set_ready(false);
    let refused = desk.call("GET", "/ready", None, None).await;
    assert_eq!(refused.expect(503)["code"], "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    desk.call("GET", "/health", None, None).await.expect(200);
}

#[tokio::test]
async fn the_pages_run_from_this_binary_alone() {
    let desk = Desk::open().await;
    let get = async |path: &str| {
        desk.client
            .request(confab_testkit::http_client::Method::GET, path)
            .send()
            .await
    };
    let redirect = get("/docs").await;
    assert_eq!((redirect.status, redirect.header("location")), (303, "/docs/"));
    for path in ["/", "/docs/", "/redoc", "/redoc/"] {
        let page = get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("http") && !policy.contains("unsafe-eval"),
            "{path}: {policy}"
        );
        let html = page.text();
        // What a page loads is all its own.
        for attribute in ["src=\"", "href=\""] {
            for link in html
                .split(attribute)
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap())
            {
                assert!(!link.contains("//"), "{path} loads {link}");
                if attribute == "src=\"" || path == "/docs/" {
                    let link = link.trim_start_matches("./");
                    let base = match path {
                        _ if link.starts_with('/') => "",
                        "/docs/" => "/docs/",
                        _ => "/",
                    };
                    let asset = get(&format!("{base}{link}")).await;
                    assert_eq!(asset.status, 200, "{path} loads {link}");
                    assert!(!asset.body.is_empty());
                }
            }
        }
        assert!(
            !html.contains("<script>"),
            "{path} has a script that its policy stops"
        );
    }
    let settings = get("/docs/swagger-initializer.js").await.text();
    assert!(settings.contains("/openapi.json"), "{settings}");
    let bundle = get("/redoc/redoc.standalone.js").await;
    assert!(bundle.body.len() > 500_000);
    assert!(
        !bundle.text().contains("https://cdn."),
        "the bundle loads from elsewhere"
    );
    assert!(bundle.header("content-type").starts_with("text/javascript"));
}

#[tokio::test]
async fn the_web_client_is_kept_for_good_under_a_name_that_changes() {
    let desk = Desk::open().await;
    let get = async |path: &str, known: Option<&str>| {
        let request = desk
            .client
            .request(confab_testkit::http_client::Method::GET, path);
        let request = match known {
            Some(tag) => request.header("if-none-match", tag),
            None => request,
        };
        request.send().await
    };
    let page = get("/", None).await;
    let html = page.text();
    let policy = page.header("content-security-policy");
    assert_eq!(
        policy,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(get("/", Some(page.header("etag"))).await.status, 304);

    // Everything it names is below the folder it is served from, wherever a proxy puts that.
    let assets: Vec<&str> = html
        .split(['"'])
        .filter(|word| word.contains("assets/"))
        .collect();
    assert!(assets.len() > 20, "{assets:?}");
    for asset in &assets {
        assert!(asset.starts_with("assets/"), "{asset}");
        let answer = get(&format!("/{asset}"), None).await;
        assert_eq!(answer.status, 200, "{asset}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable",
            "{asset}"
        );
        assert_eq!(answer.header("content-security-policy"), policy, "{asset}");
    }

    // A page that was open during an upgrade asks for another version's names.
    let script = get("/assets/0/app/main.js", None).await;
    assert_eq!(script.status, 200);
    assert_eq!(script.header("cache-control"), "no-cache");
    assert!(script.header("content-type").starts_with("text/javascript"));
    assert_eq!(
        get("/assets/0/app/main.js", Some(script.header("etag")))
            .await
            .status,
        304
    );

    for path in [
        "/assets/0/app/none.js",
        "/assets/0/vendor/preact/LICENSE",
        "/assets/0/package.json",
        "/assets/0/app/../package.json",
        "/assets/0/app/..%2fpackage.json",
        "/assets/0/sdk/tests/kit/server.js",
        "/assets/0",
    ] {
        assert_eq!(get(path, None).await.status, 404, "{path}");
    }
}
