//! Many who want the same at once wait for one who fetches it.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use confab_domain::{Error, Result};
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::Instrument;

type Answer<V> = Option<std::result::Result<V, Arc<Error>>>;

/// One fetch per key at a time. The fetch runs in a task of its own, so that whoever asked first may go
/// without harm to the others.
pub(crate) struct SingleFlight<K, V> {
    in_flight: Arc<Mutex<HashMap<K, watch::Receiver<Answer<V>>>>>,
}

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self {
            in_flight: Arc::default(),
        }
    }

    /// The answer of the fetch in flight for `key`, or of this one.
    pub(crate) async fn get<F>(&self, key: K, fetch: impl FnOnce() -> F) -> Result<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let mut answer = {
            let mut in_flight = self.in_flight.lock();
            if let Some(answer) = in_flight.get(&key) {
                answer.clone()
            } else {
                let (sender, answer) = watch::channel(None);
                in_flight.insert(key.clone(), answer.clone());
                let landing = Landing {
                    key,
                    in_flight: Arc::clone(&self.in_flight),
                };
                let fetching = fetch();
                tokio::spawn(
                    async move {
                        let fetched = fetching.await.map_err(Arc::new);
                        // Off the list first: whoever comes now must not get an answer from before.
                        drop(landing);
                        sender.send_replace(Some(fetched));
                    }
                    .in_current_span(),
                );
                answer
            }
        };
        match answer.wait_for(Option::is_some).await {
            Ok(answer) => match answer.as_ref() {
                Some(Ok(value)) => Ok(value.clone()),
                Some(Err(error)) => Err(again(error)),
                None => Err(Error::Internal("a fetch ended without an answer", None)),
            },
            Err(_) => Err(Error::Internal("a fetch ended without an answer", None)),
        }
    }
}

/// Takes a fetch off the list, also when it panicked.
struct Landing<K: Eq + Hash, V> {
    key: K,
    in_flight: Arc<Mutex<HashMap<K, watch::Receiver<Answer<V>>>>>,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.key);
    }
}

/// The same error once more, for another who waited. Its source goes along as far as it can be shared.
pub(crate) fn again(error: &Arc<Error>) -> Error {
    match &**error {
        Error::Invalid(fields) => Error::Invalid(fields.clone()),
        Error::Unauthenticated(what) => Error::Unauthenticated(what),
        Error::Forbidden(what) => Error::Forbidden(what),
        Error::NotFound => Error::NotFound,
        Error::Conflict(what) => Error::Conflict(what),
        Error::TooLarge { bytes_max } => Error::TooLarge {
            bytes_max: *bytes_max,
        },
        Error::OverQuota { bytes_left } => Error::OverQuota {
            bytes_left: *bytes_left,
        },
        Error::UnsupportedMedia(what) => Error::UnsupportedMedia(what.clone()),
        Error::RateLimited {
            retry_after,
            limit,
            window,
        } => Error::RateLimited {
            retry_after: *retry_after,
            limit: *limit,
            window: *window,
        },
        Error::Unavailable(what, _) => Error::Unavailable(what, Some(Box::new(Arc::clone(error)))),
        Error::Internal(what, _) => Error::Internal(what, Some(Box::new(Arc::clone(error)))),
    }
}
