//! What becomes of pictures: written anew without metadata, the right way up, with a thumbnail and a preview.
//!
//! Everything here is slow and reads what strangers made: it runs off the async threads, and never before
//! the picture was measured.

mod gif;
mod webp;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits};

/// Longest side of a thumbnail, in pixels.
pub(crate) const THUMBNAIL_PIXELS: u32 = 400;
/// Longest side of a picture, in pixels.
const SIDE_PIXELS_MAX: u32 = 30_000;
/// Memory that one decoder may ask for, in bytes a pixel of the largest picture: 16-bit colours with
/// transparency take eight.
const BYTES_A_PIXEL: u64 = 8;
const JPEG_QUALITY: u8 = 88;
const THUMBNAIL_QUALITY: u8 = 80;
/// Longest side of what the preview is made from, in pixels: it shows a dozen patches of colour.
const PREVIEW_PIXELS: u32 = 32;
/// Largest colour profile that is kept, in bytes.
const PROFILE_BYTES_MAX: usize = 64 * 1024;

/// A picture that was taken apart and is whole again.
pub(crate) struct Rewritten {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// A BlurHash.
    pub(crate) preview: Option<String>,
    pub(crate) thumbnail: Vec<u8>,
    pub(crate) thumbnail_type: &'static str,
}

/// Why a picture was refused, for its sender to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It cannot be read as what it begins like.
    Broken(&'static str),
    /// It has more pixels than may be.
    TooManyPixels {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
    },
}

/// Pictures that are written anew; none for files of any other type.
pub(crate) fn format_of(content_type: &str) -> Option<ImageFormat> {
    match content_type {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

fn decoder(bytes: &[u8], format: ImageFormat, pixels_max: u64) -> Result<impl ImageDecoder + '_, Refusal> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PIXELS_MAX);
    limits.max_image_height = Some(SIDE_PIXELS_MAX);
    limits.max_alloc = Some(pixels_max.saturating_mul(BYTES_A_PIXEL).max(16 * 1024 * 1024));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| broken(&error))
}

/// Width and height as stored, read from the head alone.
pub(crate) fn measured(bytes: &[u8], format: ImageFormat, pixels_max: u64) -> Result<(u32, u32), Refusal> {
    // Without the limits of the decoder first, so that a picture that is too large is called that.
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader.into_dimensions().map_err(|error| broken(&error))?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > pixels_max || width > SIDE_PIXELS_MAX || height > SIDE_PIXELS_MAX {
        return Err(Refusal::TooManyPixels { width, height });
    }
    if pixels == 0 {
        return Err(Refusal::Broken("it has no pixels"));
    }
    Ok((width, height))
}

fn written(
    image: &DynamicImage,
    profile: Option<&Vec<u8>>,
    mut encoder: impl ImageEncoder,
) -> Result<(), Refusal> {
    // An encoder that knows no profiles makes a picture without one.
    if let Some(profile) = profile {
        let _ = encoder.set_icc_profile(profile.clone());
    }
    image.write_with_encoder(encoder).map_err(|error| broken(&error))
}

fn jpeg(image: &DynamicImage, profile: Option<&Vec<u8>>, quality: u8) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, quality);
    written(&opaque(image), profile, encoder)?;
    Ok(out)
}

fn png(image: &DynamicImage, profile: Option<&Vec<u8>>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut out, CompressionType::Default, FilterType::Adaptive);
    written(image, profile, encoder)?;
    Ok(out)
}

fn webp(image: &DynamicImage, profile: Option<&Vec<u8>>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    written(&eight_bits(image), profile, WebPEncoder::new_lossless(&mut out))?;
    Ok(out)
}

/// Writes a measured picture anew.
pub(crate) fn rewritten(bytes: &[u8], format: ImageFormat, pixels_max: u64) -> Result<Rewritten, Refusal> {
    let mut decoder = decoder(bytes, format, pixels_max)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
    image.apply_orientation(orientation);
    let profile = profile.filter(|profile| fits(profile, &image));
    let profile = profile.as_ref();
    let bytes = match format {
        // Both may be animated, which the decoders here would lose.
        ImageFormat::Gif => gif::without_metadata(bytes)?,
        ImageFormat::WebP if orientation == Orientation::NoTransforms => webp::without_metadata(bytes)?,
        ImageFormat::WebP => webp(&image, profile)?,
        ImageFormat::Png => png(&image, profile)?,
        _ => jpeg(&image, profile, JPEG_QUALITY)?,
    };
    let small = if image.width().max(image.height()) > THUMBNAIL_PIXELS {
        image.thumbnail(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    } else {
        image.clone()
    };
    let (thumbnail, thumbnail_type) = if shines_through(&small) {
        (png(&eight_bits(&small), profile)?, "image/png")
    } else {
        (jpeg(&small, profile, THUMBNAIL_QUALITY)?, "image/jpeg")
    };
    Ok(Rewritten {
        bytes,
        width: image.width(),
        height: image.height(),
        preview: preview(&small),
        thumbnail,
        thumbnail_type,
    })
}

/// A profile for other kinds of colours than the picture was decoded to would make it worse.
fn fits(profile: &[u8], image: &DynamicImage) -> bool {
    let space: &[u8] = if matches!(
        image.color(),
        ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16
    ) {
        b"GRAY"
    } else {
        b"RGB "
    };
    profile.len() <= PROFILE_BYTES_MAX && profile.get(16..20) == Some(space)
}

fn eight_bits(image: &DynamicImage) -> DynamicImage {
    if image.color().has_alpha() {
        DynamicImage::ImageRgba8(image.to_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.to_rgb8())
    }
}

/// For JPEG, which knows no transparency.
fn opaque(image: &DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => image.clone(),
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(image.to_luma8()),
        other => DynamicImage::ImageRgb8(other.to_rgb8()),
    }
}

fn shines_through(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < u8::MAX)
}

fn preview(image: &DynamicImage) -> Option<String> {
    let tiny = image.thumbnail(PREVIEW_PIXELS, PREVIEW_PIXELS).to_rgba8();
    let (across, down) = if tiny.width() >= tiny.height() {
        (4, 3)
    } else {
        (3, 4)
    };
    blurhash::encode(across, down, tiny.width(), tiny.height(), tiny.as_raw()).ok()
}

fn broken(error: &image::ImageError) -> Refusal {
    tracing::debug!(%error, "a picture could not be read");
    Refusal::Broken(match error {
        image::ImageError::Limits(_) => "it asks for more memory than a picture may take",
        image::ImageError::Unsupported(_) => "its kind of colours or compression is not known here",
        _ => "it is cut off or damaged",
    })
}

#[cfg(test)]
mod tests;
