//! An API on port 0 with a database of its own, a clock that is moved by hand, and people.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use confab_api::{Api, Documents, Readiness, Settings, without_trailing_slash};
use confab_domain::ports::{ByteSource, CommittedBatch, CommittedBatches, Files, NewUpload, Ports};
use confab_domain::{Attachment, Clock, FileRules, Limits, Timestamp, UploadId, UserRole};
use confab_media::{LinkKey, Shelf};
use confab_scenery::Somebody;
use confab_storage::Store;
use confab_testkit::HttpClient;
use confab_testkit::http_client::{Answer, Method};
use serde_json::{Value, json};

use crate::schema;

/// A clock that stands still until it is moved.
pub(crate) struct StillClock(AtomicI64);

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Readiness that is switched by hand.
pub(crate) struct Switch(AtomicBool);

#[async_trait]
impl Readiness for Switch {
    async fn is_ready(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Nobody listens to what is committed: there are no sockets here.
struct Unheard;

impl CommittedBatches for Unheard {
    fn committed(&self, _batch: &Arc<CommittedBatch>) {}
}

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) use confab_scenery::ACCESS_TOKEN_TTL;

/// A running API.
pub(crate) struct Desk {
    pub(crate) client: HttpClient,
    pub(crate) ports: Ports,
    pub(crate) store: Arc<Store>,
    pub(crate) files: Files,
    clock: Arc<StillClock>,
    readiness: Arc<Switch>,
    people: AtomicUsize,
    folder: tempfile::TempDir,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

/// How a desk differs from the usual one.
pub(crate) struct Wishes {
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) file_rules: FileRules,
}

impl Default for Wishes {
    fn default() -> Self {
        let limits = Limits::default().without_budgets();
        Self {
            limits,
            settings: Settings::default(),
            file_rules: FileRules::default(),
        }
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::open_with(Wishes::default()).await
    }

    pub(crate) async fn open_with(wishes: Wishes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StillClock(AtomicI64::new(1_767_225_600_000)));
        let store = confab_scenery::open_archive(folder.path(), clock.clone(), Arc::new(Unheard)).await;
        let store = Arc::new(store);
        let kept = folder.path().join("files");
        std::fs::create_dir(&kept).unwrap();
        let files = Files {
            uploads: store.clone(),
            blobs: Arc::new(Shelf::in_folder(&kept).unwrap()),
            signatures: Arc::new(LinkKey::derived_from(b"a secret of tests alone")),
            rules: Arc::new(wishes.file_rules),
        };
        let ports = confab_scenery::ports(&store, clock.clone(), wishes.limits);
        let readiness = Arc::new(Switch(AtomicBool::new(true)));
        let api = Api {
            ports: ports.clone(),
            files: files.clone(),
            settings: wishes.settings,
            documents: Documents {
                asyncapi: json!({"asyncapi": "3.0.0"}),
                schemas: BTreeMap::from([("events/a.v1.json".to_owned(), json!({"type": "object"}))]),
            },
            readiness: readiness.clone(),
            demo: None,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = without_trailing_slash(api.into_router());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            client: HttpClient::new(format!("http://{address}")),
            ports,
            store,
            files,
            clock,
            readiness,
            people: AtomicUsize::new(0),
            folder,
        }
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.clock
            .0
            .fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The moment it is here.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Every file that is kept, whatever it is called.
    pub(crate) fn kept_files(&self) -> usize {
        fn within(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.path() {
                    folder if folder.is_dir() => within(&folder),
                    _ => 1,
                })
                .sum()
        }
        within(&self.folder.path().join("files"))
    }

    pub(crate) fn set_ready(&self, is_ready: bool) {
        self.readiness.0.store(is_ready, Ordering::SeqCst);
    }

    /// A request whose answer must be as the document says.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let parsed = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = self.client.call(parsed, path, token, body).await;
        schema::check(method, path, &answer);
        answer
    }

    pub(crate) async fn get(&self, who: &Person, path: &str) -> Answer {
        self.call("GET", path, Some(&who.token), None).await
    }

    pub(crate) async fn post(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(&who.token), Some(&body)).await
    }

    /// A POST without a body.
    pub(crate) async fn poke(&self, who: &Person, path: &str) -> Answer {
        self.call("POST", path, Some(&who.token), None).await
    }

    pub(crate) async fn patch(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(&who.token), Some(&body)).await
    }

    pub(crate) async fn delete(&self, who: &Person, path: &str) -> Answer {
        self.call("DELETE", path, Some(&who.token), None).await
    }

    /// A new person, logged in.
    pub(crate) async fn person(&self) -> Person {
        let name = format!("person{}", self.people.fetch_add(1, Ordering::SeqCst));
        let body = json!({"username": name, "password": PASSWORD});
        let answer = self
            .call("POST", "/auth/register", None, Some(&body))
            .await
            .expect(201);
        Person::of(&answer)
    }

    /// An administrator, who came in by a password.
    pub(crate) async fn admin(&self) -> Person {
        let person = self.person().await;
        let user_id = person.id.parse().unwrap();
        let promoted = self
            .ports
            .accounts
            .set_role(user_id, UserRole::Admin, self.ports.clock.now());
        promoted.await.unwrap();
        person
    }

    /// A service account with an operator's token.
    pub(crate) async fn service(&self) -> Person {
        confab_scenery::somebody(&self.ports, UserRole::Service)
            .await
            .into()
    }

    /// A room of somebody.
    pub(crate) async fn room(&self, who: &Person, kind: &str) -> String {
        let body = json!({"kind": kind, "name": "room"});
        id(&self.post(who, "/rooms", body).await.expect(201))
    }

    /// The row of a file of somebody, `a.txt`, whose bytes are yet to come by [`Self::keep_bytes`].
    pub(crate) async fn note_upload(&self, who: &Person, text: &str) -> UploadId {
        self.note(who, text, None).await
    }

    /// The row of a picture of somebody, without any bytes.
    pub(crate) async fn note_picture(&self, who: &Person) -> UploadId {
        self.note(who, "x", Some("image/png")).await
    }

    async fn note(&self, who: &Person, text: &str, thumbnail_type: Option<&str>) -> UploadId {
        let (id, now) = (UploadId::mint(self.now()), self.now());
        let upload = NewUpload {
            id,
            owner_id: who.id.parse().unwrap(),
            filename: "a.txt".into(),
            created_at: now,
            due_at: now.plus(Duration::from_hours(1)),
        };
        self.files.uploads.begin(upload).await.unwrap();
        let file = Attachment {
            id,
            filename: "a.txt".into(),
            content_type: "text/plain".into(),
            size: i64::try_from(text.len()).unwrap(),
            width: None,
            height: None,
            preview: None,
            has_thumbnail: thumbnail_type.is_some(),
        };
        let due_at = now.plus(Duration::from_hours(1));
        let finishing = self.files.uploads.finish(&file, thumbnail_type, due_at);
        finishing.await.unwrap();
        id
    }

    /// Bytes of a file that was noted.
    pub(crate) async fn keep_bytes(&self, id: UploadId, text: &str) {
        struct Text(Option<bytes::Bytes>);
        #[async_trait]
        impl ByteSource for Text {
            async fn next(&mut self) -> confab_domain::Result<Option<bytes::Bytes>> {
                Ok(self.0.take())
            }
        }
        let mut text = Text(Some(text.to_owned().into()));
        let rules = &self.files.rules;
        let taken = self.files.blobs.take_in(id, &mut text, 1_000, rules).await;
        taken.unwrap();
    }

    /// A message of somebody.
    pub(crate) async fn say(&self, who: &Person, room_id: &str, content: &str) -> Value {
        let path = format!("/rooms/{room_id}/messages");
        self.post(who, &path, json!({"content": content}))
            .await
            .expect(201)
    }
}

impl Person {
    pub(crate) fn of(tokens: &Value) -> Self {
        let text = |pointer: &str| {
            tokens
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap()
                .to_owned()
        };
        Self {
            id: text("/user/id"),
            username: text("/user/username"),
            token: text("/access_token"),
            refresh_token: text("/refresh_token"),
        }
    }
}

impl From<Somebody> for Person {
    fn from(somebody: Somebody) -> Self {
        Self {
            id: somebody.id.to_string(),
            username: somebody.username,
            token: somebody.token,
            refresh_token: String::new(),
        }
    }
}

/// The id of what was made.
pub(crate) fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// The fields that a 422 names.
pub(crate) fn fields(answer: &Answer) -> Vec<String> {
    let problem = answer.expect(422);
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect()
}
