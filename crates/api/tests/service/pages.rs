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
                    let base = if path == "/docs/" { "/docs/" } else { "" };
                    let link = link.trim_start_matches("./");
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
