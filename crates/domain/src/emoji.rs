//! Emoji: which texts are exactly one, and the one form under which each is kept.
//!
//! The grammar is that of UTS #51 (characters, keycaps, flags, skin tones, tags, ZWJ sequences), not a list of
//! names: an emoji that a font of tomorrow joins from today's characters is one already.

use unicode_properties::UnicodeEmoji;
use unicode_properties::emoji::EmojiStatus;

/// Longest emoji, in bytes of UTF-8; the longest in use has 35.
pub const EMOJI_BYTES_MAX: usize = 64;
/// Emoji that one ZWJ sequence joins.
const ELEMENTS_MAX: usize = 8;
/// Letters of a tag sequence: a flag of a subdivision.
const TAGS_MAX: usize = 8;

const ZWJ: char = '\u{200D}';
const AS_TEXT: char = '\u{FE0E}';
const AS_EMOJI: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const TAG_END: char = '\u{E007F}';

/// The emoji that `text` is, in its fully qualified form: `❤`, `❤︎` and `❤️` are one. Whatever is no emoji, or
/// more than one, is refused.
pub fn parse(text: &str) -> Result<String, String> {
    const REFUSAL: &str = "must be exactly one emoji";
    if text.is_empty() || text.len() > EMOJI_BYTES_MAX {
        return Err(REFUSAL.into());
    }
    // Which presentation was asked for does not tell one emoji from another.
    let bare: Vec<char> = text
        .chars()
        .filter(|c| !matches!(*c, AS_TEXT | AS_EMOJI))
        .collect();
    let mut emoji = String::with_capacity(text.len() + 8);
    let is_one = match bare.as_slice() {
        [one, other] if is_regional(*one) && is_regional(*other) => {
            emoji.extend([*one, *other]);
            true
        }
        [key @ ('0'..='9' | '#' | '*'), KEYCAP] => {
            emoji.extend([*key, AS_EMOJI, KEYCAP]);
            true
        }
        chars => {
            let elements: Vec<&[char]> = chars.split(|c| *c == ZWJ).collect();
            elements.len() <= ELEMENTS_MAX
                && elements.iter().enumerate().all(|(index, element)| {
                    if index > 0 {
                        emoji.push(ZWJ);
                    }
                    push_element(element, &mut emoji)
                })
        }
    };
    if is_one { Ok(emoji) } else { Err(REFUSAL.into()) }
}

/// Adds one emoji of a ZWJ sequence; false when it is none.
fn push_element(element: &[char], emoji: &mut String) -> bool {
    let Some((base, rest)) = element.split_first() else {
        return false;
    };
    if !is_base(*base) {
        return false;
    }
    emoji.push(*base);
    match rest {
        [] => {
            if !is_shown_as_emoji(*base) {
                emoji.push(AS_EMOJI);
            }
            true
        }
        [tone] if is_skin_tone(*tone) && takes_skin_tone(*base) => {
            emoji.push(*tone);
            true
        }
        [tags @ .., TAG_END] if (1..=TAGS_MAX).contains(&tags.len()) && tags.iter().all(|c| is_tag(*c)) => {
            emoji.extend(rest);
            true
        }
        _ => false,
    }
}

/// An emoji that stands by itself: no digit, no half of a flag.
fn is_base(c: char) -> bool {
    c.is_emoji_char() && !c.is_ascii() && !is_regional(c)
}

fn is_shown_as_emoji(c: char) -> bool {
    matches!(
        c.emoji_status(),
        EmojiStatus::EmojiPresentation
            | EmojiStatus::EmojiPresentationAndModifierBase
            | EmojiStatus::EmojiPresentationAndEmojiComponent
            | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent
    )
}

fn takes_skin_tone(c: char) -> bool {
    matches!(
        c.emoji_status(),
        EmojiStatus::EmojiModifierBase | EmojiStatus::EmojiPresentationAndModifierBase
    )
}

const fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

const fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_emoji_is_one() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤️",
            "🇫🇷",
            "1️⃣",
            "#️⃣",
            "©️",
            "👩‍👩‍👧‍👦",
            "👩🏻‍❤️‍💋‍👨🏿",
            "🏳️‍🌈",
            "🏴‍☠️",
            "🧑‍⚕️",
            "⛹🏻‍♀️",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "🫠",
            "🫩",
            "☹️",
            "👁️‍🗨️",
            "🏽",
        ] {
            assert_eq!(parse(emoji).as_deref(), Ok(emoji), "{emoji}");
        }
    }

    #[test]
    fn presentations_of_one_emoji_are_one() {
        for (text, emoji) in [
            ("❤", "❤️"),
            ("❤\u{FE0E}", "❤️"),
            ("👍\u{FE0F}", "👍"),
            ("1\u{20E3}", "1️⃣"),
            ("🏳‍🌈", "🏳️‍🌈"),
            ("☝\u{FE0F}🏽", "☝🏽"),
            ("👁‍🗨", "👁️‍🗨️"),
            ("⛹️🏻‍♀", "⛹🏻‍♀️"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(emoji), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_refused() {
        let long = "👨‍".repeat(12) + "👨";
        for text in [
            "",
            "a",
            "1",
            "#",
            "👍👍",
            "👍 ",
            ":tada:",
            "\u{200D}",
            "\u{FE0F}",
            "👍\u{200D}",
            "\u{200D}👍",
            "🇫",
            "🇫🇷🇩🇪",
            "❤🏽",
            "🏽🏽",
            "👍a",
            "\u{20E3}",
            "a\u{20E3}",
            "<b>",
            "🏴\u{E007F}",
            "👍\u{202E}",
            "中",
            "👍\0",
            &long,
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_form_is_a_fixed_point_within_the_bound() {
        for text in ["👩🏻‍❤‍💋‍👨🏿", "🏴‍☠", "☹"] {
            let once = parse(text).unwrap();
            assert_eq!(parse(&once).unwrap(), once);
            assert!(once.len() <= EMOJI_BYTES_MAX);
        }
    }
}
