//! What the store promises, as functions of a world: each runs on PostgreSQL and on SQLite.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod accounts;
mod avatars;
mod conversations;
mod ended;
mod files;
mod host_product;
mod lists;
mod lists_of_rooms;
mod logs;
mod marks;
mod mentions;
mod message_pages;
mod restarts;
mod search;
mod sessions;
mod threads;
mod world;

/// Runs each of these functions on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::world::World::on_postgres().await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::world::World::on_sqlite().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
