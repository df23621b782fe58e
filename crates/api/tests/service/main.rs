//! The API over real sockets, on the embedded parts; every answer is held against the document.

#![expect(clippy::unwrap_used, reason = "a test panics to say what went wrong")]

mod account;
mod avatars;
mod blocks;
mod capabilities;
mod conversations;
mod desk;
mod files;
mod host;
mod limits;
mod lists;
mod log;
mod matrix;
mod members;
mod messages;
mod moderation;
mod outside;
mod pages;
mod reactions;
mod rooms;
mod rude;
mod schema;
mod search;
mod surroundings;
mod threads;
