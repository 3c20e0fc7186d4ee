//! Runs of ASCII letters and digits: most words of most texts.

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

#[cfg(test)]
mod tests {
    use super::*;

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
