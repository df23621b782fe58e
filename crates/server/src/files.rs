//! Where files are kept and what may come in, from the settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use confab_domain::FileRules;
use confab_domain::ports::Files;
use confab_media::{LinkKey, S3Settings, Shelf};
use confab_storage::Store;

use crate::config::Settings;
use crate::data_folder::DataFolder;
use crate::keys;

/// The folder of files within the data folder.
const FOLDER: &str = "files";

/// What commands and queries about files work with. `folder` lends a place and a key where none is set.
pub(crate) fn files(settings: &Settings, folder: Option<&DataFolder>, store: &Store) -> Result<Files> {
    let signatures = LinkKey::derived_from(keys::secret(settings, folder)?.as_bytes());
    Ok(Files {
        uploads: Arc::new(store.clone()),
        blobs: Arc::new(shelf(settings, folder)?),
        signatures: Arc::new(signatures),
        rules: Arc::new(rules(settings)),
    })
}

fn rules(settings: &Settings) -> FileRules {
    FileRules {
        file_bytes_max: settings.file_bytes_max.0,
        image_bytes_max: settings.image_bytes_max.0,
        image_pixels_max: settings.image_pixels_max.0,
        quota_bytes: settings.files_quota_bytes.0,
        types_allowed: settings.file_types_allowed.clone(),
        types_denied: settings.file_types_denied.clone(),
        unattached_ttl: settings.unattached_files_keep.0,
        link_ttl: settings.media_link_ttl.0,
    }
}

fn shelf(settings: &Settings, folder: Option<&DataFolder>) -> Result<Shelf> {
    if let Some(bucket) = &settings.s3_bucket {
        let keys = settings
            .s3_access_key_id
            .clone()
            .zip(settings.s3_secret_access_key.clone().map(|secret| secret.0));
        let s3 = S3Settings {
            bucket: bucket.clone(),
            region: settings.s3_region.clone(),
            endpoint: settings.s3_endpoint.as_ref().map(|url| url.0.clone()),
            keys,
            bucket_in_host: settings.s3_bucket_in_host,
            prefix: settings.s3_prefix.clone().unwrap_or_default(),
        };
        return Shelf::in_s3(&s3).context("S3_BUCKET");
    }
    let path: PathBuf = match (&settings.files_dir, folder) {
        (Some(path), _) => path.clone(),
        (None, Some(folder)) => folder.path().join(FOLDER),
        (None, None) => bail!("FILES_DIR: a place for files is needed, or an S3_BUCKET"),
    };
    make(&path).with_context(|| format!("FILES_DIR: the folder {} cannot be made", path.display()))?;
    Shelf::in_folder(&path).context("FILES_DIR")
}

/// For its owner alone.
fn make(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
