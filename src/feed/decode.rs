//! Bytes to text: byte order mark, then HTTP charset, then XML declaration, then a guess
//! (RFC 7303 §3, with the mark first as XML itself has it).

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far into the document a declaration is looked for.
const DECLARATION_BYTES_MAX: usize = 1024;

/// Decodes a document.
pub fn decode(bytes: &[u8], content_type: Option<&str>, warnings: &mut Vec<String>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    let labelled =
        content_type.and_then(charset).and_then(|label| Encoding::for_label(label.as_bytes()));
    if let Some(encoding) = labelled.or_else(|| declared(bytes)) {
        let (text, _, damaged) = encoding.decode(bytes);
        if !damaged {
            return text.into_owned();
        }
        warnings.push(format!("the bytes are not the {} that the feed claims", encoding.name()));
    }
    let (text, _, damaged) = UTF_8.decode(bytes);
    if damaged {
        return WINDOWS_1252.decode(bytes).0.into_owned();
    }
    text.into_owned()
}

fn charset(content_type: &str) -> Option<&str> {
    let lower = content_type.to_ascii_lowercase();
    let at = lower.find("charset=")? + "charset=".len();
    let rest = &content_type[at..];
    Some(rest.split([';', ' ']).next().unwrap_or(rest).trim_matches(['"', '\'']))
}

fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES_MAX)]);
    let declaration = &head[head.find("<?xml")?..];
    let declaration = &declaration[..declaration.find("?>")?];
    let at = declaration.find("encoding")?;
    let label = declaration[at..].split(['"', '\'']).nth(1)?;
    Encoding::for_label(label.as_bytes())
}
