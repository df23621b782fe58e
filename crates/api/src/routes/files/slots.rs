//! How many uploads may be under way at once, in this process and for one person.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confab_domain::{Code, UserId};
use http::StatusCode;

use crate::failure::Failure;

/// Uploads of one person at once, in one process.
pub(super) const UPLOADS_PER_PERSON_MAX: usize = 4;
/// When to try again: an upload takes a moment.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Places for uploads.
pub(crate) struct UploadSlots {
    at_once_max: usize,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place, until it is dropped.
pub(super) struct UploadSlot {
    user_id: UserId,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl UploadSlots {
    pub(crate) fn new(at_once_max: usize) -> Self {
        Self {
            at_once_max,
            taken: Arc::default(),
        }
    }

    /// A place for one more upload of this person.
    pub(super) fn take(&self, user_id: UserId) -> Result<UploadSlot, Failure> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.at_once_max {
            return Err(Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Code::Unavailable,
                "too many files are coming in here at once; nothing was taken in",
            ));
        }
        let own = taken.entry(user_id).or_default();
        if *own >= UPLOADS_PER_PERSON_MAX {
            let detail = format!("at most {UPLOADS_PER_PERSON_MAX} uploads of one person at once");
            let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, detail);
            return Err(failure.retry_after(RETRY_AFTER));
        }
        *own += 1;
        drop(taken);
        Ok(UploadSlot {
            user_id,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.user_id) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use confab_domain::Timestamp;

    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let slots = UploadSlots::new(UPLOADS_PER_PERSON_MAX + 1);
        let person = || UserId::mint(Timestamp::from_millis(0));
        let (ann, bob, cyd) = (person(), person(), person());
        let refused = |user_id| slots.take(user_id).err().unwrap().status.as_u16();
        let mut held: Vec<_> = (0..UPLOADS_PER_PERSON_MAX)
            .map(|_| slots.take(ann).ok().unwrap())
            .collect();
        assert_eq!(refused(ann), 429);
        let bobs = slots.take(bob).ok().unwrap();
        assert_eq!(refused(cyd), 503);
        drop(bobs);
        held.pop();
        held.push(slots.take(ann).ok().unwrap());
        assert_eq!(refused(ann), 429);
        drop(held);
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
