//! Leases on partitions, of the outbox and of the search index: they share the work; nothing rests on them.

use std::time::Duration;

use confab_domain::ports::PARTITIONS;
use confab_domain::{IncarnationId, Timestamp};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::connect::Store;
use crate::dialect::Runner;

type Run<'a> = Runner<'a, DatabaseTransaction>;

/// Whose leases: the tables of the partitions and of those who are there to share them.
#[derive(Clone, Copy)]
pub(crate) struct Leases {
    leases: &'static str,
    owners: &'static str,
}

/// Who publishes which partition of the outbox.
pub(crate) const OUTBOX: Leases = Leases {
    leases: "outbox_leases",
    owners: "outbox_owners",
};

/// Who indexes which partition of rooms.
pub(crate) const SEARCH: Leases = Leases {
    leases: "search_leases",
    owners: "search_owners",
};

/// Renews, takes and gives back. Everybody who asks is registered as living for the length of the lease, so
/// that others make room for a newcomer when they renew.
pub(crate) async fn hold(
    store: &Store,
    tables: Leases,
    owner: IncarnationId,
    lease: Duration,
) -> Result<Vec<u16>, DbErr> {
    let Leases {
        leases: leases_table,
        owners: owners_table,
    } = tables;
    let transaction = store.begin().await?;
    let run = store.within(&transaction);
    let leases = locked(&run, tables).await?;
    let now = database_now(&run).await?;
    let until = now.plus(lease);
    let owner = owner.to_string();
    let register = format!(
        "INSERT INTO {owners_table} (owner, expires_at) VALUES ($1, $2)
         ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at"
    );
    run.execute(&register, vec![owner.as_str().into(), run.dialect.time(until)])
        .await?;
    run.execute(
        &format!("DELETE FROM {owners_table} WHERE expires_at <= $1"),
        vec![run.dialect.time(now)],
    )
    .await?;
    let owners = run
        .all(
            &format!("SELECT owner FROM {owners_table} ORDER BY owner"),
            Vec::new(),
        )
        .await?;
    let owners: Vec<String> = owners
        .iter()
        .map(|row| row.get("owner"))
        .collect::<Result<_, _>>()?;

    let share = share_of(&owners, &owner);
    let mut held: Vec<i64> = leases
        .iter()
        .filter(|lease| lease.owner == owner)
        .map(|lease| lease.partition)
        .collect();
    let given_back = held.split_off(held.len().min(share));
    let free = leases
        .iter()
        .filter(|lease| lease.owner != owner && lease.expires_at <= now)
        .map(|lease| lease.partition);
    held.extend(free.take(share - held.len()));
    held.sort_unstable();

    let give = format!("UPDATE {leases_table} SET owner = '', expires_at = $2 WHERE partition_id = $1");
    for partition in given_back {
        run.execute(&give, vec![partition.into(), run.dialect.time(now)])
            .await?;
    }
    let take = format!(
        "UPDATE {leases_table} SET owner = $2, expires_at = $3 WHERE partition_id IN (SELECT value FROM {} AS list)",
        run.dialect.integers_table("$1")
    );
    let arguments = vec![
        run.dialect.integers(held.iter().copied()),
        owner.into(),
        run.dialect.time(until),
    ];
    run.execute(&take, arguments).await?;
    transaction.commit().await?;
    Ok(held
        .into_iter()
        .filter_map(|partition| u16::try_from(partition).ok())
        .collect())
}

/// Gives all back, and leaves the living.
pub(crate) async fn release(store: &Store, tables: Leases, owner: IncarnationId) -> Result<(), DbErr> {
    let Leases {
        leases: leases_table,
        owners: owners_table,
    } = tables;
    let transaction = store.begin().await?;
    let run = store.within(&transaction);
    locked(&run, tables).await?;
    let now = database_now(&run).await?;
    let owner = owner.to_string();
    let give = format!("UPDATE {leases_table} SET owner = '', expires_at = $2 WHERE owner = $1");
    run.execute(&give, vec![owner.as_str().into(), run.dialect.time(now)])
        .await?;
    let leave = format!("DELETE FROM {owners_table} WHERE owner = $1");
    run.execute(&leave, vec![owner.into()]).await?;
    transaction.commit().await
}

struct Lease {
    partition: i64,
    owner: String,
    expires_at: Timestamp,
}

/// All leases, locked in one order, so that those who share do it one after the other.
async fn locked(run: &Run<'_>, tables: Leases) -> Result<Vec<Lease>, DbErr> {
    let leases_table = tables.leases;
    let seed = format!(
        "INSERT INTO {leases_table} (partition_id, owner, expires_at) SELECT value, '', $2 FROM {} AS list WHERE true
         ON CONFLICT (partition_id) DO NOTHING",
        run.dialect.integers_table("$1")
    );
    let read = format!(
        "SELECT CAST(partition_id AS bigint) AS partition_id, owner, expires_at FROM {leases_table}
         ORDER BY partition_id{}",
        run.dialect.for_update()
    );
    let mut rows = run.all(&read, Vec::new()).await?;
    if rows.len() < usize::from(PARTITIONS) {
        let all = run.dialect.integers((0..PARTITIONS).map(i64::from));
        run.execute(&seed, vec![all, run.dialect.time(Timestamp::from_millis(0))])
            .await?;
        rows = run.all(&read, Vec::new()).await?;
    }
    rows.iter()
        .map(|row| {
            Ok(Lease {
                partition: row.get("partition_id")?,
                owner: row.get("owner")?,
                expires_at: row.time("expires_at")?,
            })
        })
        .collect()
}

async fn database_now(run: &Run<'_>) -> Result<Timestamp, DbErr> {
    let row = run
        .first(&format!("SELECT {} AS now_ms", run.dialect.now_ms()), Vec::new())
        .await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the time".to_owned()))?;
    row.get("now_ms").map(Timestamp::from_millis)
}

/// All partitions over all owners; what does not divide goes to the first by name.
fn share_of(owners: &[String], owner: &str) -> usize {
    let (partitions, count) = (usize::from(PARTITIONS), owners.len().max(1));
    let rank = owners.iter().position(|other| other == owner).unwrap_or(count);
    partitions / count + usize::from(rank < partitions % count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_partitions() {
        for count in 1..20 {
            let owners: Vec<String> = (0..count).map(|n| format!("{n:02}")).collect();
            let shares: Vec<usize> = owners.iter().map(|owner| share_of(&owners, owner)).collect();
            assert_eq!(shares.iter().sum::<usize>(), usize::from(PARTITIONS));
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }
}
