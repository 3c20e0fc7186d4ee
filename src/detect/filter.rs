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

/// A word's first bytes and its length, in bits that nothing can be told from.
#[inline]
pub fn mix(key: u64, length: usize) -> u64 {
    (key ^ (length as u64) << 58).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::key;

    #[test]
    fn a_filter_holds_what_was_added() {
        let mut filter = WordFilter::default();
        let mixed = |word: &str| mix(key(word.as_bytes()), word.len());
        assert!(!filter.may_hold(mixed("chair")));
        filter.insert(mixed("chair"));
        assert!(filter.may_hold(mixed("Chair")));
    }
}
