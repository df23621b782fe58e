//! House tests: a whole fleet of real processes on real servers, parts of which are taken away while people talk.

mod accounts;
mod conversations;
mod delivery;
mod documents;
mod failures;
mod files;
mod large_files;
mod membership;
mod moderation;
mod stage;
mod streams;
mod tokens;
