//! Messages: building them, and handing them to a server, a program or a folder.
//!
//! Bytes are frozen when they are built; delivering changes nothing in them. What came of an
//! attempt is told as [`Delivery`]; what follows from it is decided in `outbox`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;

use crate::model::{Delivery, MailSettings, OutboxItem, PasswordSource, SmtpSecurity, Transport};

/// A whole delivery may take so long: the reply to the end of DATA alone may take ten minutes
/// (RFC 5321 §4.5.3.2.6), the rest is quick.
const SEND_TIMEOUT: Duration = Duration::from_secs(12 * 60);
/// Connecting takes no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
/// A password command takes no longer.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a message cannot be built or a transport not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address that is none.
    #[error("`{0}` is no mail address")]
    Address(String),
    /// The message library refused.
    #[error("the message cannot be built: {0}")]
    Build(String),
    /// The transport cannot be set up.
    #[error("mail cannot be set up: {0}")]
    Setup(String),
}

/// A message to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// The subscription's name.
    pub subscription: &'a str,
    /// The reader.
    pub recipient: &'a str,
    /// The subject line.
    pub subject: &'a str,
    /// The text part.
    pub text: &'a str,
    /// The HTML part.
    pub html: &'a str,
    /// The time that the message bears.
    pub date: DateTime<Utc>,
    /// Its Message-ID, from [`message_id`].
    pub message_id: &'a str,
}

/// The Message-ID of a digest for a reader. `changes` are the first and last change that it
/// reports: no other digest of the subscription has them, and a repeat has the same, so that it can
/// be known as one (RFC 5322 §3.6.4).
pub fn message_id(
    settings: &MailSettings,
    subscription: &str,
    label: &str,
    changes: (i64, i64),
    recipient: &str,
) -> String {
    let hash = hash(&format!("{subscription}\n{recipient}"));
    let (first, last) = changes;
    format!("<{label}.{}.{first}-{last}.{hash}@{}>", slug(subscription), domain(settings))
}

/// Builds a message: text and HTML, the headers of an automatic list (RFC 2919, 2369, 3834).
///
/// # Errors
/// When an address is none.
pub fn build_message(settings: &MailSettings, outgoing: &Outgoing) -> Result<Vec<u8>, MailError> {
    let address =
        |text: &str| text.parse::<Address>().map_err(|_| MailError::Address(text.to_owned()));
    // A control character in a display name makes lettre panic.
    let name = settings.from_name.as_deref().map(clean).filter(|n| !n.is_empty());
    let sender = address(&settings.from_address)?;
    let list = format!("{}.{}", slug(outgoing.subscription), domain(settings));
    let unsubscribe = format!("<mailto:{}?subject=unsubscribe>", settings.from_address);
    let part = |kind: ContentType, body: &str| {
        SinglePart::builder()
            .header(kind)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    let message = Message::builder()
        .from(Mailbox::new(name, sender))
        .to(Mailbox::new(None, address(outgoing.recipient)?))
        .subject(clean(outgoing.subject))
        .date(outgoing.date.into())
        .message_id(Some(outgoing.message_id.to_owned()))
        .header(ListId(format!("{} <{list}>", ascii(&clean(outgoing.subscription)))))
        .header(ListUnsubscribe(unsubscribe))
        .header(AutoSubmitted("auto-generated".into()))
        .header(Precedence("bulk".into()))
        .header(AutoResponseSuppress("All".into()))
        .header(ContentLanguage("en".into()))
        .multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, outgoing.text))
                .singlepart(part(ContentType::TEXT_HTML, outgoing.html)),
        )
        .map_err(|e| MailError::Build(e.to_string()))?;
    Ok(message.formatted())
}

macro_rules! text_header {
    ($type:ident, $name:literal) => {
        #[derive(Clone)]
        struct $type(String);
        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }
            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }
            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

text_header!(ListId, "List-Id");
text_header!(ListUnsubscribe, "List-Unsubscribe");
text_header!(AutoSubmitted, "Auto-Submitted");
text_header!(Precedence, "Precedence");
text_header!(AutoResponseSuppress, "X-Auto-Response-Suppress");
text_header!(ContentLanguage, "Content-Language");

/// One clean line: no controls, no line ends, no marks that turn the direction of writing.
fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ascii(text: &str) -> String {
    text.chars()
        .filter(|c| (' '..='~').contains(c) && !matches!(c, '<' | '>' | '"' | '\\'))
        .collect::<String>()
        .trim()
        .to_owned()
}

fn domain(settings: &MailSettings) -> &str {
    settings.from_address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

fn slug(name: &str) -> String {
    let slug: String = crate::model::fold(name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let short: String = slug
        .split('-')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join("-")
        .chars()
        .take(40)
        .collect();
    if short.is_empty() { "digest".to_owned() } else { short }
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|b| format!("{b:02x}")).collect()
}

/// A way out for messages.
pub enum Mailer {
    /// Through a mail server.
    Smtp(Box<Smtp>),
    /// Through the local `sendmail` program.
    Sendmail(PathBuf),
    /// One file per message.
    File(PathBuf),
}

/// A mail server.
pub struct Smtp {
    host: String,
    port: u16,
    security: SmtpSecurity,
    tls: TlsParameters,
    credentials: Option<(String, PasswordSource)>,
    /// `$CREDENTIALS_DIRECTORY`, where systemd puts secrets.
    credentials_directory: Option<PathBuf>,
}

impl Mailer {
    /// Sets up the configured transport. Nothing is connected yet, no password is read yet.
    ///
    /// # Errors
    /// When the extra certificate authority cannot be read.
    pub fn new(
        settings: &MailSettings,
        credentials_directory: Option<&Path>,
    ) -> Result<Mailer, MailError> {
        Ok(match &settings.transport {
            Transport::File { path } => Mailer::File(path.clone()),
            Transport::Sendmail { command } => Mailer::Sendmail(command.clone()),
            Transport::Smtp { host, port, security, credentials, ca_file } => {
                let mut tls = TlsParameters::builder(host.clone());
                if let Some(path) = ca_file {
                    let failed = |e: &dyn std::fmt::Display| {
                        MailError::Setup(format!(
                            "the certificate authority {} cannot be read: {e}",
                            path.display()
                        ))
                    };
                    let pem = std::fs::read(path).map_err(|e| failed(&e))?;
                    tls = tls
                        .add_root_certificate(Certificate::from_pem(&pem).map_err(|e| failed(&e))?);
                }
                Mailer::Smtp(Box::new(Smtp {
                    host: host.clone(),
                    port: *port,
                    security: *security,
                    tls: tls.build().map_err(|e| MailError::Setup(e.to_string()))?,
                    credentials: credentials.clone(),
                    credentials_directory: credentials_directory.map(Path::to_owned),
                }))
            }
        })
    }

    /// Hands a message over. Never fails: what went wrong is told.
    pub async fn deliver(&self, item: &OutboxItem) -> Delivery {
        match self {
            Mailer::File(folder) => write_file(folder, item).await,
            Mailer::Sendmail(command) => run_sendmail(command, item).await,
            Mailer::Smtp(smtp) => smtp.send(item).await,
        }
    }
}

impl Smtp {
    async fn send(&self, item: &OutboxItem) -> Delivery {
        let addresses = (item.sender.parse::<Address>(), item.recipient.parse::<Address>());
        let (Ok(sender), Ok(recipient)) = addresses else {
            return Delivery::Refused(format!(
                "`{}` or `{}` is no mail address",
                item.sender, item.recipient
            ));
        };
        let Ok(envelope) = Envelope::new(Some(sender), vec![recipient]) else {
            return Delivery::Refused("the message has no reader".into());
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .timeout(Some(CONNECT_TIMEOUT));
        builder = builder.tls(match self.security {
            SmtpSecurity::None => Tls::None,
            SmtpSecurity::StartTls => Tls::Required(self.tls.clone()),
            SmtpSecurity::Tls => Tls::Wrapper(self.tls.clone()),
        });
        if let Some((user, source)) = &self.credentials {
            match self.password(source).await {
                Ok(password) => {
                    builder = builder.credentials(Credentials::new(user.clone(), password))
                }
                Err(reason) => return Delivery::Deferred(reason),
            }
        }
        let transport = builder.build();
        // lettre's own timeout ends with the connection's set-up (notes/crates.md).
        match tokio::time::timeout(SEND_TIMEOUT, transport.send_raw(&envelope, &item.bytes)).await {
            Ok(Ok(answer)) => Delivery::Accepted(format!(
                "{} {}",
                answer.code(),
                answer.message().collect::<Vec<_>>().join(" ")
            )),
            Ok(Err(error)) => judge(&error),
            Err(_) => Delivery::Unanswered(format!(
                "no answer within {} minutes",
                SEND_TIMEOUT.as_secs() / 60
            )),
        }
    }

    async fn password(&self, source: &PasswordSource) -> Result<String, String> {
        let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
        match source {
            PasswordSource::File(path) if path.as_os_str().is_empty() => {
                let folder = self.credentials_directory.as_ref().ok_or("no password: set password_file, password_command or the systemd credential smtp-password")?;
                for name in ["smtp-password", "cred_smtp-password"] {
                    if let Ok(text) = tokio::fs::read_to_string(folder.join(name)).await {
                        return Ok(first_line(text));
                    }
                }
                Err(format!("no credential smtp-password in {}", folder.display()))
            }
            PasswordSource::File(path) => tokio::fs::read_to_string(path)
                .await
                .map(first_line)
                .map_err(|e| format!("the password file {} cannot be read: {e}", path.display())),
            PasswordSource::Command(words) => {
                let (program, arguments) =
                    words.split_first().ok_or("password_command is empty")?;
                let run = tokio::process::Command::new(program)
                    .args(arguments)
                    .stdin(Stdio::null())
                    .kill_on_drop(true)
                    .output();
                let output = tokio::time::timeout(PASSWORD_TIMEOUT, run)
                    .await
                    .map_err(|_| "password_command did not end".to_owned())?
                    .map_err(|e| format!("password_command cannot be run: {e}"))?;
                if !output.status.success() {
                    return Err(format!("password_command ended with {}", output.status));
                }
                Ok(first_line(String::from_utf8_lossy(&output.stdout).into_owned()))
            }
        }
    }
}

/// lettre tells 4xx and 5xx apart; anything else may or may not have come after DATA.
fn judge(error: &lettre::transport::smtp::Error) -> Delivery {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = format!("{reason}: {inner}");
        source = inner.source();
    }
    // The kind "network error" has no predicate of its own: a connection that stood and broke.
    let broke = reason.starts_with("network error");
    if error.is_permanent() {
        Delivery::Refused(reason)
    } else if error.is_response() || error.is_timeout() || broke {
        Delivery::Unanswered(reason)
    } else {
        Delivery::Deferred(reason)
    }
}

/// A name that the same message always gets: writing it twice leaves one file.
async fn write_file(folder: &Path, item: &OutboxItem) -> Delivery {
    let id = item.message_id.trim_matches(['<', '>']);
    let stem: String = id
        .split('@')
        .next()
        .unwrap_or(id)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .collect();
    let path = folder.join(format!("{stem}.eml"));
    let partial = folder.join(format!(".{stem}.partial"));
    let write = async {
        tokio::fs::create_dir_all(folder).await?;
        tokio::fs::write(&partial, &item.bytes).await?;
        tokio::fs::rename(&partial, &path).await
    };
    match write.await {
        Ok(()) => Delivery::Accepted(format!("written to {}", path.display())),
        Err(e) => Delivery::Deferred(format!("{} cannot be written: {e}", path.display())),
    }
}

/// The recipient is an argument behind `--`, never a word of a shell.
async fn run_sendmail(command: &Path, item: &OutboxItem) -> Delivery {
    let run = async {
        let mut child = tokio::process::Command::new(command)
            .args(["-i", "-f", &item.sender, "--", &item.recipient])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&item.bytes).await?;
        }
        child.wait_with_output().await
    };
    match tokio::time::timeout(SEND_TIMEOUT, run).await {
        Ok(Ok(output)) if output.status.success() => {
            Delivery::Accepted(format!("taken by {}", command.display()))
        }
        Ok(Ok(output)) => Delivery::Deferred(format!(
            "{} ended with {}: {}",
            command.display(),
            output.status,
            clean(&String::from_utf8_lossy(&output.stderr))
        )),
        Ok(Err(e)) => Delivery::Deferred(format!("{} cannot be run: {e}", command.display())),
        Err(_) => Delivery::Deferred(format!("{} did not end", command.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn settings(name: &str) -> MailSettings {
        MailSettings {
            from_name: Some(name.into()),
            operator: None,
            from_address: "gazetted@example.org".into(),
            transport: Transport::File { path: "x".into() },
        }
    }

    fn outgoing<'a>(subject: &'a str, text: &'a str) -> Outgoing<'a> {
        Outgoing {
            subscription: "Boards, weekly",
            recipient: "reader@example.org",
            subject,
            text,
            html: "<p>Hello",
            date: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
            message_id: "<1@example.org>",
        }
    }

    #[test]
    fn a_message_reads_back_as_it_was_meant() {
        let text = format!("First line\n.\n{}\nCafé", "x".repeat(2_000));
        let bytes =
            build_message(&settings("gazetted"), &outgoing("4 joined: Café", &text)).unwrap();
        assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998));
        let message = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.subject(), Some("4 joined: Café"));
        assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), text);
        assert_eq!(message.body_html(0).unwrap().trim_end(), "<p>Hello");
        for (header, value) in [
            ("Auto-Submitted", "auto-generated"),
            ("List-Id", "Boards, weekly <boards-weekly.example.org>"),
            ("List-Unsubscribe", "<mailto:gazetted@example.org?subject=unsubscribe>"),
        ] {
            let raw = message.header_raw(header).unwrap_or_default();
            assert!(raw.contains(value), "{header}: {raw}");
        }
    }

    #[test]
    fn hostile_text_makes_no_header_and_no_panic() {
        for hostile in ["a\r\nBcc: x@example.org", "a\nb\0c", "\u{202e}evil\u{2028}line", ""] {
            let bytes = build_message(&settings(hostile), &outgoing(hostile, "x")).unwrap();
            let message = MessageParser::default().parse(&bytes).unwrap();
            assert!(message.header_raw("Bcc").is_none(), "{hostile:?}");
            assert!(
                !message.subject().unwrap_or_default().contains(['\n', '\r', '\u{202e}']),
                "{hostile:?}"
            );
        }
    }

    #[test]
    fn a_message_id_is_always_the_same_and_another_readers_is_another() {
        let id = |reader| message_id(&settings("x"), "Boards, weekly", "2026-W47", (3, 9), reader);
        assert_eq!(id("a@b.c"), id("a@b.c"));
        assert_ne!(id("a@b.c"), id("d@b.c"));
        assert!(id("a@b.c").ends_with("@example.org>"));
    }
}
