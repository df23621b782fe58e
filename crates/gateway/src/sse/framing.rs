//! How an event looks in a `text/event-stream`.

use bytes::{BufMut, BytesMut};
use confab_domain::{Epoch, RoomId};

use crate::hub::Encoded;

/// A comment, so that proxies and clients know that the stream lives.
pub(super) const COMMENT: &[u8] = b": still here\n\n";

/// Writes an encoded frame. `ids_of` names the room whose events bear ids, and the epoch in them.
pub(super) fn put_encoded(out: &mut BytesMut, encoded: &Encoded, ids_of: Option<(RoomId, &Epoch)>) {
    let id = match (ids_of, encoded.room_id, encoded.seq) {
        (Some((room_id, epoch)), Some(of), Some(seq)) if of == room_id => Some(format!("{epoch}.{seq}")),
        _ => None,
    };
    put(out, &encoded.name, id.as_deref(), &encoded.frame.payload());
}

/// Writes an event. JSON as this crate writes it holds no line breaks.
pub(super) fn put(out: &mut BytesMut, name: &str, id: Option<&str>, data: &[u8]) {
    out.put_slice(b"event: ");
    // A name of a newer version comes from another process: it must not break out of its line.
    out.extend(name.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    if let Some(id) = id {
        out.put_slice(b"\nid: ");
        out.put_slice(id.as_bytes());
    }
    out.put_slice(b"\ndata: ");
    out.put_slice(data);
    out.put_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{a_room, deleted_event};

    #[test]
    fn a_durable_event_of_the_room_bears_an_id() {
        let encoded = Encoded::event(&deleted_event(7)).unwrap();
        let epoch = Epoch::new("e1");
        let mut out = BytesMut::new();
        put_encoded(&mut out, &encoded, Some((a_room(), &epoch)));
        let text = String::from_utf8(out.to_vec()).unwrap();
        assert!(
            text.starts_with("event: message_deleted\nid: e1.7\ndata: {"),
            "{text}"
        );
        assert!(text.ends_with("}\n\n"));
        out.clear();
        put_encoded(&mut out, &encoded, None);
        assert!(!String::from_utf8(out.to_vec()).unwrap().contains("id: "));
    }
}
