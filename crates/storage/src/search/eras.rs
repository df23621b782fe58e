//! Time as terms: each document bears the stretches of time it lies in, from minutes to weeks, so that a search
//! for a common word can look at the newest first and need not touch what is older.

use confab_domain::Timestamp;

/// Lengths of the stretches, as powers of two of a millisecond: 17 minutes, 4.7 hours, 3.1 days, 50 days.
const LEVELS: [u32; 4] = [20, 24, 28, 32];
/// A stretch of time is named by at most so many terms; longer ones are not named.
const TERMS_MAX: i64 = 16;
/// Of the longest stretches, so many: 8.7 years.
const LONGEST_MAX: i64 = 64;
/// How far back each further look goes, until enough is found: each four times as far. At last everything.
const FIRST_LOOK_MS: i64 = 3_600_000;
const LOOKS: u32 = 9;
/// Nodes' clocks differ: what is newest may lie a little ahead.
const AHEAD_MS: i64 = 60_000;

/// From one moment up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Span {
    /// What is asked for, in milliseconds.
    pub(super) fn of(since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self {
            from: since.unwrap_or(Timestamp::from_millis(i64::MIN)).as_millis(),
            until: until.unwrap_or(Timestamp::from_millis(i64::MAX)).as_millis(),
        }
    }

    /// The terms of which a document in this span has one; none when they would be too many.
    pub(super) fn terms(self) -> Option<Vec<String>> {
        LEVELS.iter().enumerate().find_map(|(level, bits)| {
            let (first, last) = (self.from >> bits, (self.until - 1) >> bits);
            let most = if level + 1 == LEVELS.len() {
                LONGEST_MAX
            } else {
                TERMS_MAX
            };
            (last - first < most).then(|| (first..=last).map(|stretch| term(level, stretch)).collect())
        })
    }

    /// The same span cut into looks, newest first.
    pub(super) fn looks(self, now: Timestamp) -> Vec<Self> {
        let newest = self.until.min(now.as_millis() + AHEAD_MS);
        let mut looks = Vec::new();
        let mut until = self.until;
        for look in 0..LOOKS {
            let from = newest.saturating_sub(FIRST_LOOK_MS << (2 * look)).max(self.from);
            if from < until {
                looks.push(Self { from, until });
            }
            until = until.min(from);
        }
        if self.from < until {
            looks.push(Self {
                from: self.from,
                until,
            });
        }
        looks
    }
}

/// The terms of a moment.
pub(super) fn terms(moment: Timestamp) -> impl Iterator<Item = String> {
    LEVELS
        .iter()
        .enumerate()
        .map(move |(level, bits)| term(level, moment.as_millis() >> bits))
}

fn term(level: usize, stretch: i64) -> String {
    format!("#{level}{stretch:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn looks_cover_the_span_without_overlap_newest_first() {
        let now = Timestamp::from_millis(NOW);
        for span in [
            Span::of(None, None),
            Span { from: 0, until: NOW },
            Span {
                from: NOW - 1_000,
                until: NOW - 500,
            },
            Span {
                from: NOW - 90_000_000_000,
                until: NOW - 80_000_000_000,
            },
            Span {
                from: NOW + 10_000_000,
                until: i64::MAX / 4,
            },
        ] {
            let looks = span.looks(now);
            assert_eq!(looks.first().unwrap().until, span.until);
            assert_eq!(looks.last().unwrap().from, span.from, "{span:?}");
            assert!(
                looks.windows(2).all(|pair| pair[0].from == pair[1].until),
                "{looks:?}"
            );
            assert!(looks.iter().all(|look| look.from < look.until), "{looks:?}");
        }
        assert_eq!(Span { from: 5, until: 5 }.looks(now), []);
    }

    #[test]
    fn a_moment_has_a_term_of_every_span_it_lies_in() {
        for length in [
            1,
            1_000,
            3_600_000,
            86_400_000,
            30 * 86_400_000,
            2_000 * 86_400_000_i64,
        ] {
            let span = Span {
                from: NOW - length,
                until: NOW,
            };
            let named = span.terms().unwrap();
            for moment in [span.from, span.from + length / 2, span.until - 1] {
                let has = terms(Timestamp::from_millis(moment)).any(|term| named.contains(&term));
                assert!(has, "{length}");
            }
        }
        assert_eq!(Span::of(None, None).terms(), None);
    }
}
