//! Text from the network as one clean line (invariant 11).

/// `text` on one line of at most `chars_max` characters: runs of white space and controls are one
/// space, marks that change the direction of writing or show nothing are left out, and what is cut
/// off ends in `…`.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = true;
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        let between = gap && !line.is_empty();
        if length + 1 + usize::from(between) > chars_max {
            line.pop();
            line.push('…');
            return line;
        }
        if between {
            line.push(' ');
            length += 1;
        }
        gap = false;
        line.push(c);
        length += 1;
    }
    line
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_clean_and_short() {
        for (text, chars_max, line) in [
            ("  Open\r\n Lattice\t", 40, "Open Lattice"),
            ("a\u{1b}[31mred", 40, "a [31mred"),
            ("a\u{202e}b\u{200b}c\u{2028}d", 40, "abc d"),
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcde…"),
            ("abcde fg", 6, "abcd…"),
            ("\0\n", 6, ""),
            ("abc", 0, "…"),
        ] {
            assert_eq!(one_line(text, chars_max), line, "{text:?}");
        }
    }
}
