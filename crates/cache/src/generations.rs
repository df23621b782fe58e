//! A bounded map that forgets what was not used for long: two generations instead of a list of uses.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use confab_domain::Timestamp;

/// At most `entries_max` values. What was neither read nor written since the younger generation was begun
/// goes when that one is full, or has lasted for `generation_max`: so idle keys are swept, at no cost but
/// that of the next write.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V, foldhash::fast::RandomState>,
    old: HashMap<K, V, foldhash::fast::RandomState>,
    young_max: usize,
    generation_max: Duration,
    begun_at: Timestamp,
}

impl<K: Eq + Hash + Clone, V> Generations<K, V> {
    pub(crate) fn new(entries_max: usize, generation_max: Duration) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            young_max: (entries_max / 2).max(1),
            generation_max,
            begun_at: Timestamp::from_millis(0),
        }
    }

    /// The value of a key, which thereby becomes a young one.
    pub(crate) fn get_mut(&mut self, key: &K, now: Timestamp) -> Option<&mut V> {
        if !self.young.contains_key(key) {
            let value = self.old.remove(key)?;
            self.make_room(now);
            self.young.insert(key.clone(), value);
        }
        self.young.get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V, now: Timestamp) {
        self.old.remove(&key);
        if !self.young.contains_key(&key) {
            self.make_room(now);
        }
        self.young.insert(key, value);
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    fn make_room(&mut self, now: Timestamp) {
        // A clock that was put back must not keep a generation for ever.
        let has_lasted = now.since(self.begun_at) >= self.generation_max || now < self.begun_at;
        if has_lasted || self.young.len() >= self.young_max {
            self.old = std::mem::take(&mut self.young);
            self.begun_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_more_than_its_bound_and_keeps_what_is_used() {
        let now = Timestamp::from_millis(0);
        let mut map = Generations::new(100, Duration::from_mins(1));
        for key in 0..10_000 {
            map.insert(key, key, now);
            assert!(map.get_mut(&0, now).is_some(), "a used key stays");
            assert!(map.len() <= 101);
        }
        assert!(map.get_mut(&1, now).is_none());
    }

    #[test]
    fn idle_keys_go_with_time() {
        let mut map = Generations::new(1_000, Duration::from_mins(1));
        map.insert("idle", (), Timestamp::from_millis(100_000));
        for minute in 2..5 {
            map.insert("busy", (), Timestamp::from_millis(100_000 * minute));
            map.insert("other", (), Timestamp::from_millis(100_000 * minute));
        }
        map.insert("new", (), Timestamp::from_millis(1_000_000));
        assert!(map.get_mut(&"idle", Timestamp::from_millis(1_000_000)).is_none());
    }
}
