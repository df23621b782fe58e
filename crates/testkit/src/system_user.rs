//! The system users that servers run as when the tests run as root.
use std::fs;

use anyhow::{Context, Result, anyhow};

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemUser {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl SystemUser {
    /// The user that a server has to run as: `name` when we are root, ourselves (`None`) when we are not.
    pub(crate) fn for_server(name: &str, package: &str) -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        Self::find(&passwd, name)
            .map(Some)
            .ok_or_else(|| anyhow!("there is no system user {name}: run `apt-get install {package}`"))
    }

    fn find(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let found = fields.next()? == name;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            found.then(|| Self {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    }
}

/// Whether this process is root, who may take on other users but whom PostgreSQL refuses.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_user_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:8::/:/bin/sh\npostgres:x:105:113:,,,:/var:/bin/bash\n";
        assert_eq!(
            SystemUser::find(passwd, "postgres"),
            Some(SystemUser {
                name: "postgres".to_owned(),
                uid: 105,
                gid: 113
            })
        );
        assert_eq!(SystemUser::find(passwd, "nobody"), None);
    }
}
