//! Bytes to text: byte order mark, then HTTP charset, then XML declaration, then a guess
//! (RFC 7303 §3, with the mark first as XML itself has it).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::memmem::find;

/// How far into the document a declaration is looked for.
const DECLARATION_BYTES_MAX: usize = 1024;

/// Decodes a document; what is UTF-8 already is not copied.
pub fn decode<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    warnings: &mut Vec<String>,
) -> Cow<'a, str> {
    // UTF-32 has marks of its own, one of which begins like UTF-16's.
    if let Some(text) = utf32(bytes) {
        return Cow::Owned(text);
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Some(encoding) = wide(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    for label in [content_type.and_then(charset), declared(bytes)].into_iter().flatten() {
        let Some(encoding) = encoding_for(label) else {
            warnings.push(format!(
                "the feed claims the encoding `{label}`, which is not known; it is guessed"
            ));
            continue;
        };
        // UTF-16 would have shown itself above: who says so in ASCII is wrong.
        if encoding == UTF_16BE || encoding == UTF_16LE {
            continue;
        }
        let (text, _, damaged) = encoding.decode(bytes);
        if !damaged {
            return text;
        }
        warnings.push(format!("the bytes are not the {} that the feed claims", encoding.name()));
    }
    let (text, _, damaged) = UTF_8.decode(bytes);
    if !damaged {
        return text;
    }
    // A few broken bytes in a text that is UTF-8 beyond doubt do not make it windows-1252.
    let broken = text.matches('\u{fffd}').count();
    let sound = text.chars().filter(|c| !c.is_ascii()).count() - broken;
    if sound > broken { text } else { WINDOWS_1252.decode(bytes).0 }
}

fn charset(content_type: &str) -> Option<&str> {
    let lower = content_type.to_ascii_lowercase();
    let at = lower.find("charset=")? + "charset=".len();
    let rest = &content_type[at..];
    Some(rest.split([';', ' ', ',']).next().unwrap_or(rest).trim_matches(['"', '\'']))
}

/// Names of encodings that the web's list (WHATWG) does not have and old servers do.
fn encoding_for(label: &str) -> Option<&'static Encoding> {
    let label = label.trim();
    Encoding::for_label(label.as_bytes()).or_else(|| {
        let plain = label.to_ascii_lowercase().replace('_', "-");
        let known = match plain.as_str() {
            "gb2312-80" | "gb-2312" | "cp936" => "gbk",
            "cp949" | "uhc" => "euc-kr",
            "cp932" => "shift_jis",
            "cp950" => "big5",
            "utf8mb4" | "utf-8-sig" | "utf" | "unicode" => "utf-8",
            "macroman" | "mac-roman" => "macintosh",
            "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic",
            "us-ascii-7bit" | "ansi" => "windows-1252",
            other => match other.strip_prefix("windows").or_else(|| other.strip_prefix("cp")) {
                Some(page) => {
                    let page = page.trim_start_matches('-');
                    return Encoding::for_label(format!("windows-{page}").as_bytes());
                }
                None => return None,
            },
        };
        Encoding::for_label(known.as_bytes())
    })
}

fn declared(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let declaration = &head[find(head, b"<?xml")?..];
    let declaration = &declaration[..find(declaration, b"?>")?];
    let label = &declaration[find(declaration, b"encoding")?..];
    let mut quoted = label.split(|b| matches!(b, b'"' | b'\''));
    std::str::from_utf8(quoted.nth(1)?).ok()
}

/// UTF-16 without a mark: the first characters of any feed are ASCII (XML 1.0 appendix F).
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, b'<', 0, _, ..] | [0, b'{', 0, _, ..] => Some(UTF_16BE),
        [b'<', 0, _, 0, ..] | [b'{', 0, _, 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

/// UTF-32, which no browser reads and no list names, but XML allows.
fn utf32(bytes: &[u8]) -> Option<String> {
    let (big, mark) = match bytes {
        [0, 0, 0xfe, 0xff, ..] => (true, 4),
        [0xff, 0xfe, 0, 0, ..] => (false, 4),
        [0, 0, 0, b'<', ..] => (true, 0),
        [b'<', 0, 0, 0, ..] => (false, 0),
        _ => return None,
    };
    let units = bytes[mark..].as_chunks::<4>().0.iter();
    let codes =
        units.map(|unit| if big { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) });
    Some(codes.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}
