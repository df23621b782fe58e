//! Cuts a folded text into words, runs of scripts that leave no space between words, and single symbols.

use unicode_normalization::char::is_combining_mark;

use super::folding::Folded;

/// How a piece is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Letters and digits between spaces or signs.
    Word,
    /// A run of Chinese, Japanese, Korean, Thai and the like: any part of it may be a word.
    Dense,
    /// An emoji or a sign.
    Symbol,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) chars: Vec<Folded>,
}

impl Piece {
    pub(super) fn text(&self) -> String {
        self.chars.iter().map(|folded| folded.c).collect()
    }
}

/// The pieces of a text, in its order.
pub(super) fn pieces(folded: &[Folded]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    // Whether the last piece may go on.
    let mut is_open = false;
    for (index, folded_char) in folded.iter().enumerate() {
        let Some(kind) = kind_of(folded_char.c) else {
            is_open = is_open && is_apostrophe_within(folded, index);
            continue;
        };
        match pieces.last_mut() {
            Some(last)
                if is_open
                    && kind != Kind::Symbol
                    && (last.kind == kind
                        || is_combining_mark(folded_char.c) && last.kind != Kind::Symbol) =>
            {
                last.chars.push(*folded_char);
            }
            _ => pieces.push(Piece {
                kind,
                chars: vec![*folded_char],
            }),
        }
        is_open = true;
    }
    pieces
}

/// The apostrophe of don't and it's, which are often written without; not that of l'école.
fn is_apostrophe_within(folded: &[Folded], index: usize) -> bool {
    if !matches!(folded[index].c, '\'' | '’') {
        return false;
    }
    let is_letter = |folded: &&Folded| folded.c.is_alphanumeric();
    let after = folded[index + 1..].iter().take_while(is_letter).take(3).count();
    (1..=2).contains(&after)
}

fn kind_of(c: char) -> Option<Kind> {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then_some(Kind::Word);
    }
    if is_dense(c) {
        Some(Kind::Dense)
    } else if c.is_alphanumeric() || is_combining_mark(c) {
        Some(Kind::Word)
    } else if is_symbol(c) {
        Some(Kind::Symbol)
    } else {
        None
    }
}

/// Scripts whose words are not told apart by spaces, or carry their grammar without one (Korean). Their
/// punctuation is left out.
pub(super) const fn is_dense(c: char) -> bool {
    matches!(
        c,
        '\u{E01}'..='\u{E3A}' | '\u{E40}'..='\u{E59}' // Thai
            | '\u{E81}'..='\u{EDF}' // Lao
            | '\u{F00}' | '\u{F20}'..='\u{F33}' | '\u{F40}'..='\u{F84}' | '\u{F88}'..='\u{FBC}' // Tibetan
            | '\u{1000}'..='\u{1049}' | '\u{1050}'..='\u{109F}' // Burmese
            | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{A960}'..='\u{A97C}'
            | '\u{AC00}'..='\u{D7FB}' // Hangul
            | '\u{1780}'..='\u{17D3}' | '\u{17E0}'..='\u{17E9}' // Khmer
            | '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
            | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}'
            | '\u{30FC}'..='\u{312F}' | '\u{31A0}'..='\u{31FF}' // kana and Bopomofo
            | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFF}' // Han
            | '\u{A000}'..='\u{A48C}' // Yi
    )
}

/// Emoji, arrows, currencies: what people look for by itself.
const fn is_symbol(c: char) -> bool {
    matches!(
        c,
        '\u{A2}'..='\u{A5}' | '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{20A0}'..='\u{20CF}'
            | '\u{2100}'..='\u{214F}' | '\u{2190}'..='\u{23FF}' | '\u{2460}'..='\u{27BF}'
            | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::super::folding::fold;
    use super::*;

    fn cut(text: &str) -> String {
        let pieces: Vec<String> = pieces(&fold(text)).iter().map(Piece::text).collect();
        pieces.join("|")
    }

    #[test]
    fn texts_are_cut_where_words_end() {
        for (text, expected) in [
            ("Hello, World!", "hello|world"),
            ("foo.bar_baz-2", "foo|bar|baz|2"),
            ("don't it’s l'école 'quoted'", "dont|its|l|ecole|quoted"),
            ("iPhone手机很好", "iphone|手机很好"),
            ("ไปเที่ยว กัน", "ไปเที่ยว|กัน"),
            ("नमस्ते दुनिया", "नमस्ते|दुनिया"),
            ("学校에서", "学校에서"),
            ("ok👍🏽👍", "ok|👍|👍"),
            ("👨‍👩‍👧", "👨|👩|👧"),
            ("5€", "5|€"),
            ("… -- !?", ""),
        ] {
            assert_eq!(cut(text), expected, "{text}");
        }
    }
}
