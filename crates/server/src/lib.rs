#![doc = include_str!("../README.md")]

pub mod config;

mod admin;
mod archive;
mod clock;
mod command_line;
mod data_folder;
mod demo;
mod documents;
mod fan;
mod files;
mod housekeeping;
mod keys;
mod parts;
mod process;
mod readiness;
mod search;
mod serve;
mod signals;
mod telemetry;
mod verbs;

pub use command_line::main;
