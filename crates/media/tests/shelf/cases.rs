//! What every shelf must do.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use confab_domain::ports::{Blobs, ByteSource, OpenBlob, Rendition, TakenIn};
use confab_domain::{Error, FileRules, Result, Timestamp, UploadId};
use confab_media::Shelf;

const PART: usize = 5 * 1024 * 1024;

/// Pieces, and how many bytes were asked for.
pub(crate) struct Pieces {
    pieces: std::vec::IntoIter<Bytes>,
    breaks_off: bool,
    pub(crate) asked: usize,
}

impl Pieces {
    fn of(pieces: &[&[u8]]) -> Self {
        let pieces: Vec<_> = pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
        Self {
            pieces: pieces.into_iter(),
            breaks_off: false,
            asked: 0,
        }
    }
}

#[async_trait]
impl ByteSource for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let next = self.pieces.next();
        self.asked += next.as_ref().map_or(0, Bytes::len);
        match next {
            None if self.breaks_off => Err(Error::invalid("file", "broke off")),
            next => Ok(next),
        }
    }
}

pub(crate) fn id() -> UploadId {
    static MOMENT: AtomicI64 = AtomicI64::new(1);
    UploadId::mint(Timestamp::from_millis(MOMENT.fetch_add(1, Ordering::SeqCst)))
}

fn rules() -> FileRules {
    FileRules {
        image_bytes_max: 200_000,
        image_pixels_max: 1_000_000,
        types_denied: vec!["application/pdf".into()],
        ..FileRules::default()
    }
}

pub(crate) async fn keep(shelf: &Shelf, id: UploadId, pieces: &[&[u8]]) -> Result<TakenIn> {
    shelf
        .take_in(id, &mut Pieces::of(pieces), 20_000_000, &rules())
        .await
}

async fn read(mut opened: OpenBlob) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = opened.bytes.next().await.unwrap() {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

async fn whole(shelf: &Shelf, id: UploadId) -> Option<Vec<u8>> {
    match shelf.open(id, Rendition::Whole, None).await.unwrap() {
        Some(opened) => Some(read(opened).await),
        None => None,
    }
}

pub(crate) async fn all(shelf: &Shelf) {
    small_files(shelf).await;
    large_files(shelf).await;
    pictures(shelf).await;
    refusals(shelf).await;
    broken_off(shelf).await;
}

async fn small_files(shelf: &Shelf) {
    let id = id();
    let taken = keep(shelf, id, &[b"Hello, ", b"file!"]).await.unwrap();
    assert_eq!((taken.content_type.as_str(), taken.size), ("text/plain", 12));
    assert_eq!((taken.dimensions, taken.thumbnail_type), (None, None));
    assert_eq!(whole(shelf, id).await.unwrap(), b"Hello, file!");
    let part = shelf
        .open(id, Rendition::Whole, Some(7..11))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(part.size, 12, "of the whole");
    assert_eq!(read(part).await, b"file");
    assert!(
        shelf
            .open(id, Rendition::Thumbnail, None)
            .await
            .unwrap()
            .is_none()
    );
    for _ in 0..2 {
        shelf.remove(id).await.unwrap();
        assert!(whole(shelf, id).await.is_none());
    }
}

async fn large_files(shelf: &Shelf) {
    for size in [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 7] {
        let id = id();
        let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        let pieces: Vec<&[u8]> = bytes.chunks(700_001).collect();
        let taken = keep(shelf, id, &pieces).await.unwrap();
        assert_eq!(taken.size, size as u64);
        assert!(whole(shelf, id).await.unwrap() == bytes, "{size}");
        let end = size as u64;
        let tail = shelf
            .open(id, Rendition::Whole, Some(end - 3..end))
            .await
            .unwrap();
        assert_eq!(read(tail.unwrap()).await, bytes[size - 3..]);
        shelf.remove(id).await.unwrap();
    }
}

/// The smallest GIF, with a comment.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0\x21\xfe\x06secret\0\
    \x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

async fn pictures(shelf: &Shelf) {
    let id = id();
    let taken = keep(shelf, id, &[GIF]).await.unwrap();
    assert_eq!(taken.content_type, "image/gif");
    assert_eq!(taken.dimensions, Some((1, 1)));
    assert!(taken.preview.is_some());
    let kept = whole(shelf, id).await.unwrap();
    assert_eq!(kept.len() as u64, taken.size);
    assert!(!kept.windows(6).any(|window| window == b"secret"));
    let small = shelf.open(id, Rendition::Thumbnail, None).await.unwrap().unwrap();
    assert_eq!(taken.thumbnail_type, Some("image/jpeg"));
    assert!(read(small).await.starts_with(b"\xff\xd8\xff"));
    shelf.remove(id).await.unwrap();
    assert!(
        shelf
            .open(id, Rendition::Thumbnail, None)
            .await
            .unwrap()
            .is_none()
    );
}

async fn refusals(shelf: &Shelf) {
    let refused = async |pieces: &[&[u8]]| {
        let id = id();
        let error = keep(shelf, id, pieces).await.unwrap_err();
        assert!(whole(shelf, id).await.is_none());
        error
    };
    let field = |error: Error| match error {
        Error::Invalid(fields) => fields[0].reason.clone(),
        other => panic!("{other}"),
    };
    assert!(field(refused(&[]).await).contains("empty"));
    assert!(field(refused(&[b""]).await).contains("empty"));
    assert!(field(refused(&[b"\x89PNG\r\n\x1a\nnothing"]).await).contains("cannot be read"));
    let error = refused(&[b"%PDF-1.7"]).await;
    assert!(
        matches!(&error, Error::UnsupportedMedia(what) if what.contains("application/pdf")),
        "{error}"
    );
    // A picture has a bound of its own.
    let large = vec![0; 200_001];
    let error = refused(&[b"GIF89a", &large]).await;
    assert!(matches!(error, Error::TooLarge { bytes_max: 200_000 }), "{error}");

    // What is too large is not read to its end.
    let megabyte = vec![1; 1_000_000];
    let mut pieces = Pieces::of(&[&megabyte[..]; 30]);
    let id = id();
    let error = shelf
        .take_in(id, &mut pieces, 7_500_000, &rules())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { bytes_max: 7_500_000 }),
        "{error}"
    );
    assert_eq!(pieces.asked, 8_000_000);
    assert!(whole(shelf, id).await.is_none());
}

async fn broken_off(shelf: &Shelf) {
    for bytes in [100, PART + 100] {
        let id = id();
        let mut pieces = Pieces::of(&[&vec![7; bytes][..]]);
        pieces.breaks_off = true;
        let error = shelf
            .take_in(id, &mut pieces, 20_000_000, &rules())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        assert!(whole(shelf, id).await.is_none(), "half a file is no file");
    }
}
