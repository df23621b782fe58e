//! `<epoch>.<seq>`: where a stream of one room was left.

use confab_domain::{Epoch, Error, Result};
use http::HeaderMap;

use crate::protocol::Cursor;

/// Where a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastEventId {
    pub(crate) epoch: Epoch,
    pub(crate) cursor: Cursor,
}

impl LastEventId {
    /// From the header, which a browser sends by itself, or else from the query. Empty means none.
    pub(crate) fn find(headers: &HeaderMap, query: Option<&str>) -> Result<Option<Self>> {
        let header = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?"));
        match header.or(query) {
            None | Some("") => Ok(None),
            Some(text) => Self::parse(text).map(Some).ok_or_else(|| {
                Error::invalid("last_event_id", "must be <epoch>.<seq>, as an id of this stream")
            }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (epoch, seq) = text.rsplit_once('.')?;
        let seq: i64 = seq.parse().ok().filter(|seq| *seq >= 0)?;
        let is_lawful = !epoch.is_empty() && epoch.len() <= Epoch::BYTES_MAX;
        is_lawful.then(|| Self {
            epoch: Epoch::new(epoch),
            cursor: Cursor { seq, event_id: None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_stream_gave_out_is_taken() {
        let found = LastEventId::find(&HeaderMap::new(), Some("e1.42"))
            .unwrap()
            .unwrap();
        assert_eq!((found.epoch.as_str(), found.cursor.seq), ("e1", 42));
        assert_eq!(LastEventId::find(&HeaderMap::new(), Some("")).unwrap(), None);
        for bad in ["42", "e1.", ".42", "e1.-1", "e1.x"] {
            assert!(LastEventId::find(&HeaderMap::new(), Some(bad)).is_err(), "{bad}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("last-event-id", "e2.7".parse().unwrap());
        let found = LastEventId::find(&headers, Some("e1.42")).unwrap().unwrap();
        assert_eq!(found.cursor.seq, 7, "the header is the later word");
    }
}
