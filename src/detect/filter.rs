//! A set of words as bits: most words of a text are in no lexicon, and one look into memory that is always
//! at hand tells so.

/// 8 kB of bits, 64 in each number.
const NUMBERS: usize = 1024;

/// Bits for words: a few thousand of them.
#[derive(Debug)]
pub struct WordFilter(Box<[u64; NUMBERS]>);

impl Default for WordFilter {
    fn default() -> Self {
        WordFilter(Box::new([0; NUMBERS]))
    }
}

impl WordFilter {
    /// Adds a word, by its mixed key.
    pub fn insert(&mut self, mixed: u64) {
        self.0[place(mixed)] |= 1 << (mixed >> 40 & 63);
    }

    /// Whether the word may be among those that were added.
    #[inline]
    pub fn may_hold(&self, mixed: u64) -> bool {
        self.0[place(mixed)] >> (mixed >> 40 & 63) & 1 == 1
    }
}

#[inline]
fn place(mixed: u64) -> usize {
    (mixed >> (64 - NUMBERS.trailing_zeros())) as usize
}

/// So many bytes of a word are its first.
pub const FIRST: usize = 8;

/// The first bytes of a word as a number; that of a word in capitals is that of the same in small
/// letters.
pub fn key(word: &[u8]) -> u64 {
    small(eight(word, 0), word.len())
}

/// Eight bytes from a place on, with zeros for those behind the end.
#[inline]
pub fn eight(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => padded(rest),
    }
}

fn padded(short: &[u8]) -> u64 {
    let number = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
    match (short.first_chunk(), short.last_chunk()) {
        // The two may overlap: what stands in both is the same.
        (Some(first), Some(last)) => number(first) | number(last) << (8 * (short.len() - 4)),
        _ => short.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

/// Letters in small, digits as they are, and nothing behind the length.
#[inline]
pub fn small(first: u64, length: usize) -> u64 {
    (first | 0x2020_2020_2020_2020) & OF_LENGTH[length.min(FIRST)]
}

/// The bits of so many first bytes.
const OF_LENGTH: [u64; FIRST + 1] = [
    0,
    0xff,
    0xffff,
    0xff_ffff,
    u32::MAX as u64,
    u64::MAX >> 24,
    u64::MAX >> 16,
    u64::MAX >> 8,
    u64::MAX,
];

/// A word's first bytes and its length, in bits that nothing can be told from.
#[inline]
pub fn mix(key: u64, length: usize) -> u64 {
    (key ^ (length as u64) << 58).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_word_is_its_first_bytes_in_small_letters() {
        for (word, bytes) in [
            ("", *b"\0\0\0\0\0\0\0\0"),
            ("A", *b"a\0\0\0\0\0\0\0"),
            ("Ab1", *b"ab1\0\0\0\0\0"),
            ("Chair", *b"chair\0\0\0"),
            ("MEMBERS", *b"members\0"),
            ("director", *b"director"),
            ("Directors", *b"director"),
        ] {
            assert_eq!(key(word.as_bytes()), u64::from_le_bytes(bytes), "{word}");
        }
    }

    #[test]
    fn a_filter_holds_what_was_added() {
        let mut filter = WordFilter::default();
        let mixed = |word: &str| mix(key(word.as_bytes()), word.len());
        assert!(!filter.may_hold(mixed("chair")));
        filter.insert(mixed("chair"));
        assert!(filter.may_hold(mixed("Chair")));
    }
}
