#![doc = include_str!("../README.md")]

mod incoming;
mod picture;
mod shelf;
mod signatures;
mod sniff;

pub use shelf::{S3Settings, Shelf};
pub use signatures::LinkKey;
