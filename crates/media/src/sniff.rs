//! What a file is, by its first bytes alone. Its name and what its sender says of it do not count.

/// As many first bytes as are looked at.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// What nothing better is known of.
const UNKNOWN: &str = "application/octet-stream";

/// The type of a file that begins so.
pub(crate) fn sniff(head: &[u8]) -> &'static str {
    let head = &head[..head.len().min(HEAD_BYTES)];
    match infer::get(head).map(|kind| kind.mime_type()) {
        // Drawings are XML, and what begins like XML may be a page.
        Some("text/xml" | "text/html") | None => text(head),
        Some("image/heif") if is_heic(head) => "image/heic",
        Some("audio/x-wav") => "audio/wav",
        Some("audio/x-flac") => "audio/flac",
        Some("audio/m4a") => "audio/mp4",
        Some("audio/opus") => "audio/ogg",
        Some("video/x-m4v") => "video/mp4",
        Some(kind) => kind,
    }
}

fn is_heic(head: &[u8]) -> bool {
    head.get(8..12)
        .is_some_and(|brand| brand.starts_with(b"hei") || brand.starts_with(b"hev"))
}

/// What can run in a browser is called by its name, so that it can be denied and is never shown in place.
fn text(head: &[u8]) -> &'static str {
    let Some(text) = readable(head) else {
        return UNKNOWN;
    };
    let text = text
        .trim_start_matches('\u{FEFF}')
        .trim_start()
        .to_ascii_lowercase();
    if text.starts_with('<') {
        if text.contains("<svg") {
            return "image/svg+xml";
        }
        let marks = [
            "<!doctype html",
            "<html",
            "<head",
            "<body",
            "<script",
            "<iframe",
            "<img",
            "<a ",
            "<!--",
        ];
        if marks.iter().any(|mark| text.contains(mark)) {
            return "text/html";
        }
        if text.starts_with("<?xml") {
            return "text/xml";
        }
    }
    "text/plain"
}

/// UTF-8 without control characters; the last character may be cut.
fn readable(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{C}' | '\u{1B}');
    text.chars().all(is_text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_the_type() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let cases: [(&[u8], &str); 16] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (heic, "image/heic"),
            (b"%PDF-1.7", "application/pdf"),
            (b"PK\x03\x04", "application/zip"),
            (b"ID3\x04", "audio/mpeg"),
            ("Grüße\n".as_bytes(), "text/plain"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml"),
            (b"<?xml version='1.0'?>\n<!-- x -->\n<SVG>", "image/svg+xml"),
            (b"  \n<!DOCTYPE html><p>", "text/html"),
            (b"<script>alert(1)</script>", "text/html"),
            (b"<?xml version='1.0'?><offer/>", "text/xml"),
            (b"\0\x01\x02\x03", "application/octet-stream"),
            (b"caf\xe9 noir", "application/octet-stream"),
        ];
        for (head, kind) in cases {
            assert_eq!(sniff(head), kind, "{:?}", String::from_utf8_lossy(head));
        }
        // A character cut at the end of what is looked at is no reason to call it unreadable.
        let long = format!("{}語", "x".repeat(HEAD_BYTES - 1));
        assert_eq!(sniff(long.as_bytes()), "text/plain");
    }
}
