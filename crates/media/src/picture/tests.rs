//! Pictures that tell too much, are too large, or are not what they seem.

use image::codecs::gif::{GifEncoder, Repeat};
use image::{AnimationDecoder, Delay, Frame, GenericImageView, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

const SECRET: &[u8] = b"47.3769N 8.5417E";
const PIXELS_MAX: u64 = 10_000_000;

/// Left half red, right half blue: after a quarter turn to the right, red is above.
fn two_colours(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    })
}

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// An EXIF block (little-endian) with an orientation, and a place in words.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0".to_vec();
    // Tag 0x0112, a short, once.
    block.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    block.extend_from_slice(&[0, 0, 0, 0]);
    block.extend_from_slice(SECRET);
    block
}

fn jpeg_with_exif(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let plain = encode(&DynamicImage::ImageRgb8(image.clone()), ImageFormat::Jpeg);
    let mut block = b"Exif\0\0".to_vec();
    block.extend(exif(orientation));
    let mut whole = plain[..2].to_vec();
    whole.extend_from_slice(&[0xff, 0xe1]);
    whole.extend_from_slice(&u16::try_from(block.len() + 2).unwrap().to_be_bytes());
    whole.extend_from_slice(&block);
    whole.extend_from_slice(&plain[2..]);
    // And what hides behind the end.
    whole.extend_from_slice(SECRET);
    whole
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn is_red(pixel: Rgba<u8>) -> bool {
    pixel.0[0] > 200 && pixel.0[2] < 60
}

fn is_blue(pixel: Rgba<u8>) -> bool {
    pixel.0[2] > 200 && pixel.0[0] < 60
}

#[test]
fn a_photo_loses_where_it_was_taken_and_stands_upright() {
    let photo = jpeg_with_exif(&two_colours(80, 40), 6);
    assert!(holds(&photo, SECRET) && holds(&photo, b"Exif"));
    assert_eq!(measured(&photo, ImageFormat::Jpeg, PIXELS_MAX), Ok((80, 40)));
    let kept = rewritten(&photo, ImageFormat::Jpeg, PIXELS_MAX).ok().unwrap();
    assert_eq!((kept.width, kept.height), (40, 80));
    for bytes in [&kept.bytes, &kept.thumbnail] {
        assert!(!holds(bytes, SECRET) && !holds(bytes, b"Exif"));
        let image = image::load_from_memory(bytes).unwrap();
        assert_eq!(image.dimensions(), (40, 80));
        assert!(is_red(image.get_pixel(20, 10)), "{:?}", image.get_pixel(20, 10));
        assert!(is_blue(image.get_pixel(20, 70)), "{:?}", image.get_pixel(20, 70));
    }
    assert_eq!(kept.thumbnail_type, "image/jpeg");
    assert!(kept.preview.unwrap().len() > 6);
}

#[test]
fn a_colour_profile_stays_when_it_fits() {
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    let image = DynamicImage::ImageRgb8(two_colours(20, 20));
    let with = png(&image, Some(&profile)).ok().unwrap();
    let kept = rewritten(&with, ImageFormat::Png, PIXELS_MAX).ok().unwrap();
    let mut decoder = super::decoder(&kept.bytes, ImageFormat::Png, PIXELS_MAX)
        .ok()
        .unwrap();
    assert_eq!(decoder.icc_profile().unwrap().unwrap(), profile);
    assert!(!fits(&profile, &DynamicImage::new_luma8(1, 1)));
    assert!(!fits(b"short", &image));
}

#[test]
fn a_png_loses_its_texts_and_its_tail() {
    let plain = encode(&DynamicImage::ImageRgb8(two_colours(30, 10)), ImageFormat::Png);
    // After the signature and the 25 bytes of IHDR.
    let mut chunk = b"tEXt".to_vec();
    chunk.extend_from_slice(b"Location\0");
    chunk.extend_from_slice(SECRET);
    let mut whole = plain[..33].to_vec();
    whole.extend_from_slice(&u32::try_from(chunk.len() - 4).unwrap().to_be_bytes());
    whole.extend_from_slice(&chunk);
    whole.extend_from_slice(&checksum(&chunk).to_be_bytes());
    whole.extend_from_slice(&plain[33..]);
    whole.extend_from_slice(b"<script>alert(1)</script>");
    let kept = rewritten(&whole, ImageFormat::Png, PIXELS_MAX).ok().unwrap();
    assert!(!holds(&kept.bytes, SECRET) && !holds(&kept.bytes, b"<script>"));
    assert_eq!(
        image::load_from_memory(&kept.bytes).unwrap().dimensions(),
        (30, 10)
    );
}

/// CRC-32 as PNG wants it.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn what_is_transparent_stays_so() {
    let mut picture = RgbaImage::from_pixel(500, 500, Rgba([0, 255, 0, 255]));
    picture.put_pixel(0, 0, Rgba([0, 0, 0, 0]));
    for pixel in picture.pixels_mut().take(500 * 50) {
        pixel.0[3] = 0;
    }
    let png = encode(&DynamicImage::ImageRgba8(picture), ImageFormat::Png);
    let kept = rewritten(&png, ImageFormat::Png, PIXELS_MAX).ok().unwrap();
    assert_eq!(kept.thumbnail_type, "image/png");
    let small = image::load_from_memory(&kept.thumbnail).unwrap();
    assert_eq!(small.dimensions(), (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS));
    assert_eq!(small.get_pixel(5, 5).0[3], 0);
}

#[test]
fn an_animation_keeps_its_frames_and_loses_its_comments() {
    let mut gif = Vec::new();
    {
        let mut encoder = GifEncoder::new(&mut gif);
        encoder.set_repeat(Repeat::Infinite).unwrap();
        for shade in [0, 128, 255] {
            let image = RgbaImage::from_pixel(16, 8, Rgba([shade, 0, 0, 255]));
            let delay = Delay::from_numer_denom_ms(70, 1);
            encoder
                .encode_frame(Frame::from_parts(image, 0, 0, delay))
                .unwrap();
        }
    }
    // A comment and a foreign extension, right after the head; and a tail.
    let table = if gif[10] & 0x80 == 0 {
        0
    } else {
        3 << ((gif[10] & 7) + 1)
    };
    let mut comment = vec![0x21, 0xfe, u8::try_from(SECRET.len()).unwrap()];
    comment.extend_from_slice(SECRET);
    comment.extend_from_slice(&[0, 0x21, 0xff, 11]);
    comment.extend_from_slice(b"XMP DataXMP");
    comment.extend_from_slice(&[4, b'p', b'l', b'a', b'c', 0]);
    gif.splice(13 + table..13 + table, comment);
    gif.extend_from_slice(SECRET);
    let kept = rewritten(&gif, ImageFormat::Gif, PIXELS_MAX).ok().unwrap();
    assert!(!holds(&kept.bytes, SECRET) && !holds(&kept.bytes, b"XMP"));
    assert!(holds(&kept.bytes, b"NETSCAPE2.0"), "it goes on for ever");
    let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(&kept.bytes)).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[1].delay().numer_denom_ms(), (70, 1));
    assert_eq!((kept.width, kept.height), (16, 8));
    for end in 0..gif.len() - SECRET.len() - 1 {
        // Cut anywhere: refused or made whole, never a panic.
        let _ = rewritten(&gif[..end], ImageFormat::Gif, PIXELS_MAX);
    }
}

#[test]
fn a_webp_keeps_its_pixels_and_loses_its_metadata() {
    let image = DynamicImage::ImageRgb8(two_colours(24, 24));
    let plain = encode(&image, ImageFormat::WebP);
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let mut chunk = name.to_vec();
        chunk.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        chunk.extend_from_slice(data);
        chunk.resize(chunk.len() + data.len() % 2, 0);
        chunk
    };
    let with_exif = |orientation: u8| {
        let mut body = b"WEBP".to_vec();
        // Flags for EXIF and XMP; width and height less one.
        body.extend(chunk(b"VP8X", &[0x0c, 0, 0, 0, 23, 0, 0, 23, 0, 0]));
        body.extend_from_slice(&plain[12..]);
        body.extend(chunk(b"EXIF", &exif(orientation)));
        body.extend(chunk(b"XMP ", SECRET));
        body.extend(chunk(b"HIDE", SECRET));
        let mut whole = b"RIFF".to_vec();
        whole.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        whole.extend(body);
        whole.extend_from_slice(SECRET);
        whole
    };
    let kept = rewritten(&with_exif(1), ImageFormat::WebP, PIXELS_MAX)
        .ok()
        .unwrap();
    assert!(!holds(&kept.bytes, SECRET) && !holds(&kept.bytes, b"EXIF"));
    let again = image::load_from_memory(&kept.bytes).unwrap();
    assert_eq!(again.to_rgb8(), image.to_rgb8(), "bit for bit");
    // One that lies on its side is decoded and encoded.
    let kept = rewritten(&with_exif(6), ImageFormat::WebP, PIXELS_MAX)
        .ok()
        .unwrap();
    assert!(!holds(&kept.bytes, SECRET));
    let turned = image::load_from_memory(&kept.bytes).unwrap();
    assert!(is_red(turned.get_pixel(12, 2)) && is_blue(turned.get_pixel(12, 20)));
}

/// A PNG of a few bytes that says how large it is, and a body of zeros that unpacks to that.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut head = b"IHDR".to_vec();
    head.extend_from_slice(&width.to_be_bytes());
    head.extend_from_slice(&height.to_be_bytes());
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend_from_slice(&head);
    png.extend_from_slice(&checksum(&head).to_be_bytes());
    let data = b"IDATx\x9c\x63\0\0";
    png.extend_from_slice(&5_u32.to_be_bytes());
    png.extend_from_slice(data);
    png.extend_from_slice(&checksum(data).to_be_bytes());
    png
}

#[test]
fn a_bomb_is_measured_and_never_lit() {
    for (width, height) in [(50_000, 50_000), (20_000, 20_000), (31_000, 1), (4_000, 4_000)] {
        assert_eq!(
            measured(&bomb(width, height), ImageFormat::Png, PIXELS_MAX),
            Err(Refusal::TooManyPixels { width, height })
        );
    }
    // What may come in by its size and holds less than it says is broken, at no great cost.
    let small = bomb(3_000, 3_000);
    assert_eq!(measured(&small, ImageFormat::Png, PIXELS_MAX), Ok((3_000, 3_000)));
    assert!(matches!(
        rewritten(&small, ImageFormat::Png, PIXELS_MAX),
        Err(Refusal::Broken(_))
    ));
}

#[test]
fn what_only_begins_like_a_picture_is_refused() {
    let formats = [
        (ImageFormat::Png, &b"\x89PNG\r\n\x1a\nnothing"[..]),
        (ImageFormat::Jpeg, &b"\xff\xd8\xff\xe0nothing"[..]),
        (ImageFormat::Gif, &b"GIF89a<script>alert(1)</script>"[..]),
        (ImageFormat::WebP, &b"RIFF\xff\xff\xff\xffWEBPVP8 "[..]),
    ];
    for (format, bytes) in formats {
        let refused =
            measured(bytes, format, PIXELS_MAX).is_err() || rewritten(bytes, format, PIXELS_MAX).is_err();
        assert!(refused, "{format:?}");
    }
}
