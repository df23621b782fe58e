//! One form for all spellings of a letter: case, accents, width and vowel points are taken away, on both sides.

use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// A folded character and the part of the text it came from, in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) c: char,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A text in the form in which it is compared.
pub(super) fn fold(text: &str) -> Vec<Folded> {
    let mut folded: Vec<Folded> = Vec::with_capacity(text.len());
    let mut start = 0;
    for source in text.chars() {
        let end = start + source.len_utf16() as u32;
        if source.is_ascii() {
            let c = source.to_ascii_lowercase();
            folded.push(Folded { c, start, end });
        } else {
            decompose_compatible(source, |part| {
                for lower in part.to_lowercase() {
                    add(&mut folded, lower, start, end);
                }
            });
        }
        start = end;
    }
    folded
}

/// Adds what is left of a decomposed, lower-cased character.
fn add(folded: &mut Vec<Folded>, c: char, start: u32, end: u32) {
    if is_ignored(c) {
        // A tint or variant belongs to what it follows.
        if let Some(last) = folded.last_mut()
            && last.end == start
        {
            last.end = end;
        }
        return;
    }
    if is_combining_mark(c) {
        if let Some(last) = folded.last_mut() {
            if is_accent(c) && !(c == '\u{306}' && last.c == '\u{438}') {
                last.end = last.end.max(end);
                return;
            }
            // A syllable's parts find together again: kana with their voicing, й, Hangul.
            if let Some(whole) = compose(last.c, c) {
                *last = Folded {
                    c: whole,
                    start: last.start,
                    end,
                };
                return;
            }
        }
    } else if is_conjoining(c)
        && let Some(last) = folded.last_mut()
        && let Some(whole) = compose(last.c, c)
    {
        *last = Folded {
            c: whole,
            start: last.start,
            end,
        };
        return;
    }
    let spelled: &[char] = match c {
        'ß' => &['s', 's'],
        'æ' => &['a', 'e'],
        'œ' => &['o', 'e'],
        'ø' => &['o'],
        'đ' | 'ð' => &['d'],
        'ł' => &['l'],
        'ħ' => &['h'],
        'ı' => &['i'],
        'þ' => &['t', 'h'],
        'ς' => &['σ'],
        // Letters of Arabic that are written for one another, also from a Persian keyboard.
        'ى' | 'ی' => &['ي'],
        'ک' => &['ك'],
        'ة' => &['ه'],
        _ => &[c],
    };
    folded.extend(spelled.iter().map(|c| Folded { c: *c, start, end }));
}

/// Vowels and finals of Hangul, which decomposition took apart.
const fn is_conjoining(c: char) -> bool {
    matches!(c, '\u{1161}'..='\u{1175}' | '\u{11A8}'..='\u{11C2}')
}

/// Marks without which a word is still the same word to who searches for it: accents of Latin, Greek and
/// Cyrillic, points of Hebrew, vowels of Arabic. Not the vowel signs of India and Thailand, nor the voicing
/// of kana.
const fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36F}'
            | '\u{591}'..='\u{5C7}'
            | '\u{610}'..='\u{61A}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}'
            | '\u{6D6}'..='\u{6ED}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
    )
}

/// What is not seen, or only tints an emoji: joiners, variation selectors, skin tones, tags, soft hyphens.
const fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{640}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}'
            | '\u{20E3}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{1F3FB}'..='\u{1F3FF}'
            | '\u{E0001}'..='\u{E01EF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text).into_iter().map(|folded| folded.c).collect()
    }

    #[test]
    fn spellings_of_one_word_fold_to_one() {
        for (one, other) in [
            ("Ångström", "angstrom"),
            ("Straße", "STRASSE"),
            ("e\u{301}te\u{301}", "été"),
            ("ＦＵＬＬ ｗｉｄｔｈ １２", "full width 12"),
            ("ﬁne", "fine"),
            ("İstanbul", "istanbul"),
            ("ÖĞÜN", "ogun"),
            ("Łódź", "lodz"),
            ("ЁЖИК", "ежик"),
            ("ΟΔΟΣ", "οδος"),
            ("שָׁלוֹם", "שלום"),
            ("أَهْلًا", "اهلا"),
            ("کتابی", "كتابي"),
            ("ｶﾞｷﾞ", "ガギ"),
            ("か\u{3099}", "が"),
            ("\u{1112}\u{1161}\u{11AB}", "한"),
            ("👍🏽", "👍"),
            ("❤️", "❤"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
        }
    }

    #[test]
    fn what_makes_another_word_stays() {
        for (one, other) in [("мой", "мои"), ("か", "が"), ("น้ำ", "นำ"), ("कि", "का")]
        {
            assert_ne!(folded(one), folded(other), "{one}");
        }
        assert_eq!(folded("한국어"), "한국어");
        assert_eq!(folded("がぎぐ"), "がぎぐ");
    }

    #[test]
    fn places_are_in_utf_16() {
        let places: Vec<_> = fold("🙂e\u{301}ß")
            .into_iter()
            .map(|folded| (folded.c, folded.start, folded.end))
            .collect();
        assert_eq!(places, [('🙂', 0, 2), ('e', 2, 4), ('s', 4, 5), ('s', 4, 5)]);
    }
}
