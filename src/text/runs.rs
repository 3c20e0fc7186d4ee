//! Runs of ASCII letters and digits, most words of most texts, and their first bytes as numbers.

/// So many bytes of a text are looked at together.
const STEP: usize = 64;

/// Where runs of ASCII letters and digits end in a text: of each step one bit for each byte.
pub struct Runs<'a> {
    bytes: &'a [u8],
    /// The step whose bits are at hand.
    step: usize,
    bits: u64,
}

impl<'a> Runs<'a> {
    /// Those of a text.
    pub fn of(text: &'a str) -> Runs<'a> {
        Runs { bytes: text.as_bytes(), step: usize::MAX, bits: 0 }
    }

    /// The end of the run that holds the byte at a place; the place itself where that is no part of one.
    #[inline]
    pub fn end(&mut self, place: usize) -> usize {
        let mut end = place;
        loop {
            if end / STEP != self.step {
                self.step = end / STEP;
                self.bits = self.look(self.step * STEP);
            }
            let here = end % STEP;
            let length = (!(self.bits >> here)).trailing_zeros() as usize;
            end += length;
            if here + length < STEP {
                return end;
            }
        }
    }

    /// The bits of the step that begins at a place; none behind the end.
    fn look(&self, from: usize) -> u64 {
        let rest = self.bytes.get(from..).unwrap_or_default();
        match rest.first_chunk() {
            Some(whole) => plain_bits(whole),
            None => {
                let mut padded = [0; STEP];
                padded[..rest.len()].copy_from_slice(rest);
                plain_bits(&padded)
            }
        }
    }
}

/// Which bytes are ASCII letters and digits, the first in the lowest bit. Written so that compilers look
/// at many bytes at once.
fn plain_bits(bytes: &[u8; STEP]) -> u64 {
    let plain = bytes.map(|byte| u8::from(byte.is_ascii_alphanumeric()));
    let (eights, _) = plain.as_chunks::<8>();
    // A factor that brings the lowest bits of eight bytes together in the highest byte.
    let gathered =
        |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    eights.iter().rev().fold(0, |bits, eight| bits << 8 | gathered(eight))
}

/// Whether nothing joins a run of letters and digits to what follows it.
#[inline]
pub fn is_plain_end(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        None | Some(b' ' | b',') => true,
        Some(b'.' | b'-' | b'\'') => {
            bytes.get(end + 1).is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric())
        }
        Some(b'_' | b'+' | b'#') => false,
        Some(other) => other.is_ascii(),
    }
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
    fn runs_of_plain_bytes_end_where_they_end_one_by_one() {
        let long = format!("{}, {} {}.", "x".repeat(200), "Ab9 ".repeat(40), "y".repeat(63));
        let every: String = ('\0'..='\u{ff}').flat_map(|c| ['a', c, 'Z', '0']).collect();
        for text in [long.as_str(), &every, "", "a", "é", "word"] {
            let bytes = text.as_bytes();
            let mut runs = Runs::of(text);
            for from in 0..bytes.len() {
                let run = bytes[from..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                assert_eq!(runs.end(from), from + run, "{from} in {text}");
            }
        }
    }
}
