#![doc = include_str!("../README.md")]

mod cached_rooms;
mod cached_standings;
mod feeder;
mod gcra;
mod generations;
mod keys;
mod link;
mod listeners;
mod measures;
mod note;
mod presence;
mod presence_memory;
mod presence_redis;
mod presence_sweep;
mod rate_limits_memory;
mod rate_limits_redis;
mod recent;
mod scripts;
mod settings;
mod shelf;
mod shelf_memory;
mod shelf_redis;
mod signals_memory;
mod signals_redis;
mod single_flight;

pub use cached_rooms::CachedRooms;
pub use cached_standings::CachedStandings;
pub use feeder::CacheFeeder;
pub use link::RedisLink;
pub use measures::describe_metrics;
pub use presence_memory::MemoryPresence;
pub use presence_redis::RedisPresence;
pub use rate_limits_memory::MemoryRateLimits;
pub use rate_limits_redis::RedisRateLimits;
pub use settings::{
    PresenceSettings, RateLimitSettings, RedisSettings, RoomCacheSettings, SignalSettings, StandingsSettings,
};
pub use shelf::RoomCache;
pub use signals_memory::MemorySignals;
pub use signals_redis::RedisSignals;
