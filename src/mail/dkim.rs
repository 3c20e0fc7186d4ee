//! Signing messages (DKIM, RFC 6376; Ed25519 by RFC 8463), relaxed/relaxed.
//!
//! A message is signed when it is frozen, so that a repeated one has the same bytes. Both kinds of
//! signature are a function of key and message: no random number is in them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest as _, Sha256};

use super::MailError;
use crate::model::DkimSettings;

/// What is signed, where it is there. RFC 6376 §5.4.1 asks for what people see and what programs act
/// upon; RFC 8058 §4 for both fields about unsubscribing.
const SIGNED: [&str; 15] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-language",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "auto-submitted",
    "precedence",
];
/// Named once more than they are there: nobody can add a second one (RFC 6376 §8.15).
const SEALED: [&str; 4] = ["from", "to", "subject", "date"];
/// Lines of the signature are no longer.
const LINE_CHARS: usize = 72;
/// The systemd credential that is looked for where no file is named.
const CREDENTIAL: &str = "dkim-key";

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// A key with the name under which its public half is published.
pub struct Signer {
    key: Key,
    domain: String,
    selector: String,
}

impl Signer {
    /// Reads the key: from the file that is configured, else from the systemd credential.
    ///
    /// # Errors
    /// When there is none, when everybody can read it, or when it is no key to sign with. The key
    /// itself is in no message.
    pub fn load(
        settings: &DkimSettings,
        credentials_directory: Option<&Path>,
    ) -> Result<Signer, MailError> {
        let failed = |reason: String| MailError::Setup(format!("`dkim` in [mail]: {reason}"));
        let path = match &settings.key_file {
            Some(path) => path.clone(),
            None => credential(credentials_directory).ok_or_else(|| {
                failed(format!("no key; set key_file, or the systemd credential {CREDENTIAL}"))
            })?,
        };
        let shown = path.display();
        let pem =
            std::fs::read(&path).map_err(|e| failed(format!("{shown} cannot be read: {e}")))?;
        if is_open(&path) {
            let remedy = "chmod 0600 it, and if it was so for long make another key";
            return Err(failed(format!("everybody on this machine can read {shown}: {remedy}")));
        }
        let key = parse(&pem).ok_or_else(|| {
            failed(format!(
                "{shown} holds no private key to sign with: it takes RSA of 2048 to 4096 bits or Ed25519, as PEM without a password"
            ))
        })?;
        let (domain, selector) = (settings.domain.clone(), settings.selector.clone());
        Ok(Signer { key, domain, selector })
    }

    /// The message with its signature in front.
    pub fn sign(&self, message: &[u8], at: DateTime<Utc>) -> Result<Vec<u8>, MailError> {
        let end = message.windows(4).position(|w| w == b"\r\n\r\n");
        let (head, body) = match end {
            Some(end) => (&message[..end + 2], &message[end + 4..]),
            None => (message, &[][..]),
        };
        let head = String::from_utf8_lossy(head);
        let fields = fields(&head);
        let mut names: Vec<&str> = Vec::new();
        let mut hashed = String::new();
        for name in SIGNED {
            for (field, value) in fields.iter().filter(|(field, _)| field == name) {
                names.push(name);
                hashed.push_str(&format!("{field}:{value}\r\n"));
            }
        }
        names.extend(SEALED);
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let own = format!(
            "v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={};\r\n\tt={}; bh={};\r\n\th={};\r\n\tb=",
            self.domain,
            self.selector,
            at.timestamp(),
            STANDARD.encode(Sha256::digest(relaxed_body(body))),
            wrapped(names.iter().map(|name| Cow::Borrowed(*name)), ":"),
        );
        hashed.push_str(&format!("dkim-signature:{}", relaxed(&own)));
        let signature = STANDARD.encode(self.signature(hashed.as_bytes())?);
        let pieces = signature.as_bytes().chunks(LINE_CHARS).map(String::from_utf8_lossy);
        let lines = pieces.collect::<Vec<_>>().join("\r\n\t");
        let mut signed = format!("DKIM-Signature: {own}{lines}\r\n").into_bytes();
        signed.extend_from_slice(message);
        Ok(signed)
    }

    fn signature(&self, hashed: &[u8]) -> Result<Vec<u8>, MailError> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), hashed, &mut signature)
                    .map_err(|_| MailError::Build("it cannot be signed".to_owned()))?;
                Ok(signature)
            }
            // RFC 8463 §3: what is signed is the hash.
            Key::Ed25519(key) => Ok(key.sign(&Sha256::digest(hashed)).as_ref().to_vec()),
        }
    }
}

fn credential(directory: Option<&Path>) -> Option<PathBuf> {
    let named = |name: String| directory.map(|d| d.join(name)).filter(|path| path.exists());
    named(CREDENTIAL.to_owned()).or_else(|| named(format!("cred_{CREDENTIAL}")))
}

fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o004 != 0)
}

fn parse(pem: &[u8]) -> Option<Key> {
    let rsa = |key: RsaKeyPair| Key::Rsa(Box::new(key));
    match PrivateKeyDer::from_pem_slice(pem).ok()? {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map(rsa).ok(),
        PrivateKeyDer::Pkcs8(der) => {
            let der = der.secret_pkcs8_der();
            // OpenSSL writes Ed25519 keys without their public half.
            let ed = || Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Key::Ed25519);
            RsaKeyPair::from_pkcs8(der).map(rsa).or_else(|_| ed()).ok()
        }
        _ => None,
    }
}

/// The fields of a head, names and values in their relaxed form (RFC 6376 §3.4.2).
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split_terminator("\r\n") {
        match (line.starts_with([' ', '\t']), line.split_once(':')) {
            (true, _) => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push_str(line);
                }
            }
            (false, Some((name, value))) => {
                fields.push((name.trim().to_ascii_lowercase(), value.to_owned()));
            }
            (false, None) => {}
        }
    }
    fields.iter_mut().for_each(|(_, value)| *value = relaxed(value));
    fields
}

/// A value unfolded, each run of white space one space, none at its ends.
fn relaxed(value: &str) -> String {
    value
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A body in its relaxed form (RFC 6376 §3.4.4): runs of white space are one space, lines have none
/// at their ends, empty lines at the end are none.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(body.len());
    let mut empty_lines = 0;
    for line in body.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)) {
        let mut kept: Vec<u8> = Vec::with_capacity(line.len());
        for byte in line {
            match byte {
                b' ' | b'\t' if kept.last() == Some(&b' ') => {}
                b' ' | b'\t' => kept.push(b' '),
                _ => kept.push(*byte),
            }
        }
        if kept.last() == Some(&b' ') {
            kept.pop();
        }
        if kept.is_empty() {
            empty_lines += 1;
            continue;
        }
        out.extend(std::iter::repeat_n(*b"\r\n", empty_lines).flatten());
        empty_lines = 0;
        out.extend_from_slice(&kept);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Words with something between them, in lines of a header.
fn wrapped<'a>(words: impl Iterator<Item = Cow<'a, str>>, between: &str) -> String {
    let mut text = String::new();
    let mut length = 0;
    for word in words {
        if !text.is_empty() {
            text.push_str(between);
            length += between.len();
        }
        if length + word.len() > LINE_CHARS {
            text.push_str("\r\n\t ");
            length = 0;
        }
        text.push_str(&word);
        length += word.len();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    use ring::signature::{ED25519, KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    const MESSAGE: &str = "From: g <g@example.org>\r\nTo: r@example.org\r\nSubject: one\r\n two\r\nReceived: x\r\n\r\nHello  you \r\n\r\n";
    /// An RSA key of the tests' own.
    const RSA: &str = include_str!("../../tests/it/fixtures/dkim_rsa.pem");

    fn signer(pem: &str) -> Signer {
        let key = parse(pem.as_bytes()).unwrap();
        Signer { key, domain: "example.org".into(), selector: "s".into() }
    }

    fn ed25519() -> String {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let base64 = STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
    }

    /// What a receiver does, step by step, by means of its own.
    fn verifies(signed: &str, signer: &Signer) -> bool {
        let (head, body) = signed.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n\t", " ").replace("\r\n ", " ");
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut lines = unfolded.lines();
        let own = squeezed(lines.next().unwrap().strip_prefix("DKIM-Signature:").unwrap());
        let rest: Vec<&str> = lines.collect();
        let tag = |name: &str| {
            let found = own.split("; ").find_map(|t| t.split_once('=').filter(|(n, _)| *n == name));
            found.unwrap().1.replace(' ', "")
        };
        let body: String =
            body.trim_end().lines().map(|l| format!("{}\r\n", squeezed(l))).collect();
        let body_fits = tag("bh") == STANDARD.encode(Sha256::digest(body));
        let mut data = String::new();
        let mut unused = rest.clone();
        for name in tag("h").split(':') {
            let at = unused.iter().rposition(|line| {
                line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name))
            });
            if let Some(at) = at {
                let value = squeezed(unused.remove(at).split_once(':').unwrap().1);
                data.push_str(&format!("{name}:{value}\r\n"));
            }
        }
        let bare = own.rsplit_once("b=").unwrap().0;
        data.push_str(&format!("dkim-signature:{bare}b="));
        let signature = STANDARD.decode(tag("b")).unwrap();
        let fine = match &signer.key {
            Key::Rsa(key) => {
                let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public());
                public.verify(data.as_bytes(), &signature)
            }
            Key::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key.public_key())
                .verify(&Sha256::digest(&data), &signature),
        };
        body_fits && fine.is_ok()
    }

    #[test]
    fn a_signature_holds_until_what_it_covers_is_changed() {
        let at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        for pem in [RSA.to_owned(), ed25519()] {
            let signer = signer(&pem);
            let sign = || String::from_utf8(signer.sign(MESSAGE.as_bytes(), at).unwrap()).unwrap();
            let signed = sign();
            assert_eq!(signed, sign(), "a repeated message has the same bytes");
            assert!(signed.lines().all(|line| line.len() <= 78), "{signed}");
            assert!(signed.ends_with(MESSAGE) && verifies(&signed, &signer), "{signed}");
            for (what, from, to, holds) in [
                ("the body", "Hello", "Hallo", false),
                ("the sender", "<g@", "<h@", false),
                ("a second subject", "To: r", "Subject: evil\r\nTo: r", false),
                ("white space", "Hello  you", "Hello\tyou", true),
                ("a field of the way", "Received: x", "Received: y", true),
            ] {
                assert_eq!(verifies(&signed.replace(from, to), &signer), holds, "{what}");
            }
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_is_told_without_being_shown() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let load = |text: Option<&str>, mode: u32| {
            let path = folder.path().join("dkim-key");
            let _ = std::fs::remove_file(&path);
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
                std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            }
            let named = |key_file| DkimSettings {
                domain: "example.org".into(),
                selector: "s".into(),
                key_file,
            };
            let by_name = Signer::load(&named(Some(path)), None).err().map(|e| e.to_string());
            let by_credential = Signer::load(&named(None), Some(folder.path()));
            assert_eq!(by_name.is_none(), by_credential.is_ok());
            by_name
        };
        assert_eq!(load(Some(RSA), 0o600), None);
        for (text, mode, reason) in [
            (Some(RSA), 0o644, "everybody on this machine can read"),
            (Some("c2VjcmV0"), 0o600, "holds no private key"),
            (None, 0, "cannot be read"),
        ] {
            let said = load(text, mode).unwrap();
            assert!(said.contains(reason) && !said.contains("c2Vj"), "{said}");
        }
    }

    #[test]
    fn bodies_and_values_are_relaxed_as_the_standard_says() {
        for (body, expected) in [
            // RFC 6376 §3.4.5 has this one.
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("", ""),
            ("\r\n\r\n", ""),
            ("a", "a\r\n"),
            ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            ("\r\na", "\r\na\r\n"),
        ] {
            assert_eq!(String::from_utf8(relaxed_body(body.as_bytes())).unwrap(), expected);
        }
        let head = "A: X\r\nB : Y\t\r\n\tZ  \r\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields(head), [pair("a", "X"), pair("b", "Y Z")]);
    }
}
