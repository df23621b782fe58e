//! The Lua scripts: what must be compared and written in one step.

use std::sync::LazyLock;

use redis::{Cmd, Pipeline, Script};

/// A script that Redis knows by its hash; the link loads all of them into each new connection.
pub(crate) struct Lua {
    source: &'static str,
    script: LazyLock<Script>,
}

macro_rules! lua {
    ($file:literal) => {
        Lua {
            source: include_str!($file),
            script: LazyLock::new(|| Script::new(include_str!($file))),
        }
    };
}

pub(crate) static TAKE_BUDGET: Lua = lua!("lua/take_budget.lua");
pub(crate) static PUT_ROOM: Lua = lua!("lua/put_room.lua");
pub(crate) static GET_RECENT: Lua = lua!("lua/get_recent.lua");
pub(crate) static PUT_RECENT: Lua = lua!("lua/put_recent.lua");
pub(crate) static MOVE_RECENT: Lua = lua!("lua/move_recent.lua");
pub(crate) static END_ACTIVE: Lua = lua!("lua/end_active.lua");
pub(crate) static END_CONNECTIONS: Lua = lua!("lua/end_connections.lua");
pub(crate) static UNLOCK_SWEEP: Lua = lua!("lua/unlock_sweep.lua");

static ALL: [&Lua; 8] = [
    &TAKE_BUDGET,
    &PUT_ROOM,
    &GET_RECENT,
    &PUT_RECENT,
    &MOVE_RECENT,
    &END_ACTIVE,
    &END_CONNECTIONS,
    &UNLOCK_SWEEP,
];

impl Lua {
    /// A call on one key, to which arguments are added.
    pub(crate) fn on(&self, key: &str) -> Cmd {
        let mut call = redis::cmd("EVALSHA");
        call.arg(self.script.get_hash()).arg(1).arg(key);
        call
    }
}

/// Makes Redis know all scripts.
pub(crate) fn load_all() -> Pipeline {
    let mut pipeline = redis::pipe();
    for lua in ALL {
        pipeline.cmd("SCRIPT").arg("LOAD").arg(lua.source).ignore();
    }
    pipeline
}
