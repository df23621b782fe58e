//! Opaque cursors and page sizes. A cursor is bound to the list it came from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_contract::{AsOf, Page, RoomPage};
use confab_domain::{RoomAccess, ports as domain};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::{Answer, Failure};

/// Most items in a page.
pub(crate) const PAGE_ITEMS_MAX: usize = 100;
/// Items in a page when nothing is said.
const PAGE_ITEMS_DEFAULT: usize = 50;
/// Longest cursor that is looked at, in bytes.
const CURSOR_BYTES_MAX: usize = 2_048;

#[derive(Deserialize, Serialize)]
struct Cursor<L, K> {
    /// The list.
    l: L,
    /// The key of the next item.
    k: K,
}

/// The cursor that goes on at `key` in `list`. It is no secret and no right: whoever makes one up
/// gets a page of what they may read anyway.
pub(crate) fn encode<K: Serialize>(list: &str, key: &K) -> String {
    let json = serde_json::to_vec(&Cursor { l: list, k: key }).expect("keys are strings, numbers and ids");
    URL_SAFE_NO_PAD.encode(json)
}

/// The key in a cursor of `list`; anything else is 422.
pub(crate) fn decode<K: DeserializeOwned>(list: &str, cursor: Option<&str>) -> Answer<Option<K>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let refused = || Failure::field("cursor", "must be the next_cursor of a page of this list");
    if cursor.len() > CURSOR_BYTES_MAX {
        return Err(refused());
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let read: Cursor<String, K> = serde_json::from_slice(&json).map_err(|_| refused())?;
    if read.l != list || json.contains(&0) || holds_escaped_nul(&json) {
        return Err(refused());
    }
    Ok(Some(read.k))
}

/// No store can look for U+0000.
fn holds_escaped_nul(json: &[u8]) -> bool {
    json.windows(6).any(|window| window == b"\\u0000")
}

/// The number of items asked for.
pub(crate) fn page_size(limit: Option<i64>) -> Answer<usize> {
    let Some(limit) = limit else {
        return Ok(PAGE_ITEMS_DEFAULT);
    };
    usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=PAGE_ITEMS_MAX).contains(limit))
        .ok_or_else(|| Failure::field("limit", format!("must be 1 to {PAGE_ITEMS_MAX}")))
}

/// A page of the domain as a page of the contract.
pub(crate) fn page<T, U, K: Serialize>(
    list: &str,
    page: domain::Page<T, K>,
    shape: impl FnMut(T) -> U,
) -> Page<U> {
    let next_cursor = page.next.map(|key| encode(list, &key));
    Page {
        items: page.items.into_iter().map(shape).collect(),
        has_more: next_cursor.is_some(),
        next_cursor,
    }
}

/// A page of one room, read at or after the moment of `access`.
pub(crate) fn room_page<T>(access: &RoomAccess, page: Page<T>) -> RoomPage<T> {
    RoomPage {
        items: page.items,
        next_cursor: page.next_cursor,
        has_more: page.has_more,
        as_of: AsOf {
            epoch: access.epoch.to_string(),
            seq: access.head.last_seq,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_in_its_own_list_only() {
        let cursor = encode("members:1", &"bob".to_owned());
        assert_eq!(
            decode::<String>("members:1", Some(&cursor)).unwrap().as_deref(),
            Some("bob")
        );
        assert_eq!(decode::<String>("members:1", None).unwrap(), None);
        for (list, cursor) in [
            ("members:2", cursor.as_str()),
            ("members:1", ""),
            ("members:1", "garbage!"),
            ("members:1", "Z2FyYmFnZQ"),
            ("members:1", &"A".repeat(4_000)),
            ("members:1", &encode("members:1", &"a\0b".to_owned())),
        ] {
            assert_eq!(
                decode::<String>(list, Some(cursor)).unwrap_err().errors[0].field,
                "cursor"
            );
        }
    }

    #[test]
    fn page_sizes() {
        assert_eq!(page_size(None).unwrap(), 50);
        assert_eq!(page_size(Some(100)).unwrap(), 100);
        for bad in [0, -1, 101, i64::MAX] {
            assert_eq!(page_size(Some(bad)).unwrap_err().errors[0].field, "limit");
        }
    }
}
