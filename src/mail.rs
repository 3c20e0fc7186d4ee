//! Messages: building them, and handing them to a server, a program or a folder.
//!
//! Bytes are frozen when they are built; delivering changes nothing in them. What came of an
//! attempt is told as [`Delivery`]; what follows from it is decided in `outbox`.

mod dkim;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::message::header::{
    ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use lettre::{Address, transport::smtp};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

pub use self::dkim::Signer;
use crate::crash;
use crate::model::{Delivery, MailSettings, OutboxItem, PasswordSource, SmtpSecurity, Transport};

/// Connecting takes no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
/// The greeting and the answer to a command take no longer (RFC 5321 §4.5.3.2.1 to .3).
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// The message may take so long on its way, and the answer to its end ten minutes more (RFC 5321
/// §4.5.3.2.5 and .6): who hangs up earlier gets its messages delivered twice.
const CONTENT_TIMEOUT: Duration = Duration::from_secs(13 * 60);
/// A whole delivery takes no longer, however slowly each command is answered.
const SEND_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Saying goodbye takes no longer: nothing depends on it.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// So many connections are kept for the next message: no more are used at once.
const IDLE_MAX: usize = 8;
/// A server's word is kept up to so many characters.
const REASON_CHARS_MAX: usize = 300;
/// Exit codes of `sendmail` that no second try would change: EX_NOUSER and EX_NOHOST of sysexits(3).
const SENDMAIL_REFUSED: [i32; 2] = [67, 68];
/// A message names no more that it corrects, the newest: a header does not grow without end.
const CORRECTS_MAX: usize = 20;
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
    /// The Message-IDs of the messages that it corrects, the oldest first.
    pub corrects: &'a [String],
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

/// What every message of a subscription refers to, so that mail programs show them as one
/// conversation (RFC 5322 §3.6.4). No message has this identifier: nobody has to know which was the
/// first.
pub fn thread_id(settings: &MailSettings, subscription: &str) -> String {
    format!("<thread.{}.{}@{}>", slug(subscription), hash(subscription), domain(settings))
}

/// How a reader ends a subscription: the configured web address, where there is one, and by mail.
pub fn unsubscribe_links(
    settings: &MailSettings,
    subscription: &str,
    recipient: &str,
) -> (Option<String>, String) {
    let url = settings.unsubscribe.as_ref().map(|unsubscribe| {
        unsubscribe
            .url
            .replace("{digest}", &slug(subscription))
            .replace("{reader}", &percent_encoded(recipient))
    });
    (url, format!("mailto:{}?subject=unsubscribe", settings.from_address))
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Builds a message: text and HTML, the headers of an automatic list (RFC 2919, 2369, 3834).
///
/// # Errors
/// When an address is none, or it cannot be signed.
pub fn build_message(
    settings: &MailSettings,
    signer: Option<&Signer>,
    outgoing: &Outgoing,
) -> Result<Vec<u8>, MailError> {
    let address =
        |text: &str| text.parse::<Address>().map_err(|_| MailError::Address(text.to_owned()));
    // A control character in a display name makes lettre panic.
    let name = settings.from_name.as_deref().map(clean).filter(|n| !n.is_empty());
    let sender = address(&settings.from_address)?;
    let list = format!("{}.{}", slug(outgoing.subscription), domain(settings));
    let (url, mailto) = unsubscribe_links(settings, outgoing.subscription, outgoing.recipient);
    let links = url.iter().chain([&mailto]).map(|link| format!("<{link}>"));
    let one_click = settings.unsubscribe.as_ref().is_some_and(|u| u.one_click);
    let part = |kind: ContentType, body: &str| {
        SinglePart::builder()
            .header(kind)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(with_crlf(body))
    };
    let thread = thread_id(settings, outgoing.subscription);
    let skipped = outgoing.corrects.len().saturating_sub(CORRECTS_MAX);
    let corrects = &outgoing.corrects[skipped..];
    let references = std::iter::once(&thread).chain(corrects);
    let mut message = Message::builder()
        .from(Mailbox::new(name, sender))
        .to(Mailbox::new(None, address(outgoing.recipient)?))
        .subject(clean(outgoing.subject))
        .date(outgoing.date.into())
        .message_id(Some(outgoing.message_id.to_owned()))
        .references(references.map(String::as_str).collect::<Vec<_>>().join(" "))
        .header(ListId(format!("{} <{list}>", ascii(&clean(outgoing.subscription)))))
        .header(ListUnsubscribe(links.collect::<Vec<_>>().join(", ")))
        .header(AutoSubmitted("auto-generated".into()))
        .header(Precedence("bulk".into()))
        .header(AutoResponseSuppress("All".into()))
        .header(ContentLanguage("en".into()));
    if one_click {
        message = message.header(ListUnsubscribePost("List-Unsubscribe=One-Click".into()));
    }
    if !corrects.is_empty() {
        message = message.in_reply_to(corrects.join(" "));
    }
    let parts = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, outgoing.text))
        .singlepart(part(ContentType::TEXT_HTML, outgoing.html));
    let message = message.multipart(parts).map_err(|e| MailError::Build(e.to_string()))?;
    let bytes = message.formatted();
    match signer {
        Some(signer) => signer.sign(&bytes, outgoing.date),
        None => Ok(bytes),
    }
}

/// A text with the line endings of mail (RFC 5322 §2.1). lettre puts them in one by one and moves what is
/// behind each time, which for a digest of a thousand facts is gigabytes.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
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
text_header!(ListUnsubscribePost, "List-Unsubscribe-Post");
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
    /// What this machine calls itself.
    hello: ClientId,
    limits: Limits,
    /// Connections that wait for the next message of this run.
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

/// How long each step may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    connect: Duration,
    command: Duration,
    content: Duration,
}

impl Limits {
    fn new(most: Option<Duration>) -> Limits {
        let cut = |limit: Duration| most.map_or(limit, |most| limit.min(most));
        Limits {
            connect: cut(CONNECT_TIMEOUT),
            command: cut(COMMAND_TIMEOUT),
            content: cut(CONTENT_TIMEOUT),
        }
    }
}

/// Where a conversation with a server stands: what an answer means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Login,
    Sender,
    Recipient,
    Data,
    /// From the first byte of the message: from here on it may have been delivered.
    Content,
}

impl Stage {
    fn words(self) -> &'static str {
        match self {
            Stage::Connecting => "connecting",
            Stage::Login => "the login",
            Stage::Sender => "MAIL FROM",
            Stage::Recipient => "RCPT TO",
            Stage::Data => "DATA",
            Stage::Content => "the message",
        }
    }
}

/// A conversation that did not end with 2xx.
#[derive(Debug)]
struct Stopped {
    stage: Stage,
    reason: String,
    /// The server's code; none: it did not answer.
    code: Option<u16>,
}

impl Stopped {
    fn new(stage: Stage, error: &smtp::Error) -> Stopped {
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            let more = inner.to_string();
            if !reason.contains(&more) {
                reason = format!("{reason}: {more}");
            }
            source = inner.source();
        }
        Stopped { stage, reason, code: error.status().map(u16::from) }
    }

    /// Whether a connection that had waited was simply gone.
    fn is_lost(&self) -> bool {
        self.stage == Stage::Sender && self.code.is_none_or(|code| code == 421)
    }

    /// What it means for the message. A refusal before the recipient was named is about the sender,
    /// the login or the server: mending that delivers the message, so it waits. "Too many recipients"
    /// (552) is none for good either (RFC 5321 §4.5.3.1.10).
    fn delivery(&self) -> Delivery {
        let place = self.stage.words();
        let reason: String =
            clean(&format!("{place}: {}", self.reason)).chars().take(REASON_CHARS_MAX).collect();
        let spoken_to = matches!(self.stage, Stage::Recipient | Stage::Data | Stage::Content);
        match self.code {
            Some(552) if self.stage == Stage::Recipient => Delivery::Deferred(reason),
            Some(500..=599) if spoken_to => Delivery::Refused(reason),
            None if self.stage == Stage::Content => Delivery::Unanswered(reason),
            _ => Delivery::Deferred(reason),
        }
    }
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
            Transport::Smtp { host, port, security, credentials, ca_file, timeout } => {
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
                    hello: ClientId::default(),
                    limits: Limits::new(*timeout),
                    idle: Mutex::default(),
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

    /// Says goodbye where connections were kept for more messages.
    pub async fn close(&self) {
        if let Mailer::Smtp(smtp) = self {
            while let Some(mut connection) = smtp.kept() {
                // A server that does not answer is hung up on.
                let _ = tokio::time::timeout(QUIT_TIMEOUT, connection.quit()).await;
            }
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
        let deadline = Instant::now() + SEND_TIMEOUT;
        if let Some(mut kept) = self.kept() {
            match self.converse(&mut kept, &sender, &recipient, item, deadline).await {
                // It was closed while it waited: a new one is no second attempt.
                Err(stopped) if stopped.is_lost() => {}
                ended => return self.finish(kept, ended).await,
            }
        }
        let mut connection = match self.connect(deadline).await {
            Ok(connection) => connection,
            Err(stopped) => return stopped.delivery(),
        };
        let ended = self.converse(&mut connection, &sender, &recipient, item, deadline).await;
        self.finish(connection, ended).await
    }

    fn kept(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps the connection for the next message, where the server still talks on it.
    async fn finish(
        &self,
        mut connection: AsyncSmtpConnection,
        ended: Result<Response, Stopped>,
    ) -> Delivery {
        let delivery = match &ended {
            Ok(answer) => Delivery::Accepted(words(answer)),
            Err(stopped) => stopped.delivery(),
        };
        let fine = match &ended {
            Ok(_) => true,
            Err(Stopped { code: None | Some(421), .. }) => false,
            Err(_) => {
                let limit = self.limits.connect;
                matches!(tokio::time::timeout(limit, connection.command(Rset)).await, Ok(Ok(_)))
            }
        };
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if fine && idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        delivery
    }

    async fn connect(&self, deadline: Instant) -> Result<AsyncSmtpConnection, Stopped> {
        let (limits, hello) = (self.limits, &self.hello);
        let wrapper = (self.security == SmtpSecurity::Tls).then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        crash::point("mail.before-connect");
        let connect =
            AsyncSmtpConnection::connect_tokio1(server, Some(limits.connect), hello, wrapper, None);
        let mut connection = step(Stage::Connecting, limits.command, deadline, connect).await?;
        if self.security == SmtpSecurity::StartTls {
            let upgrade = connection.starttls(self.tls.clone(), hello);
            step(Stage::Connecting, limits.command, deadline, upgrade).await?;
        }
        if let Some((user, source)) = &self.credentials {
            let failed = |reason| Stopped { stage: Stage::Login, reason, code: None };
            let password = self.password(source).await.map_err(failed)?;
            let credentials = Credentials::new(user.clone(), password);
            let login = connection.auth(DEFAULT_MECHANISMS, &credentials);
            step(Stage::Login, limits.command, deadline, login).await?;
        }
        crash::point("mail.connected");
        Ok(connection)
    }

    /// One message, from MAIL to the answer to its last line.
    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        sender: &Address,
        recipient: &Address,
        item: &OutboxItem,
        deadline: Instant,
    ) -> Result<Response, Stopped> {
        let limit = self.limits.command;
        let wide = !item.bytes.is_ascii()
            && connection.server_info().supports_feature(Extension::EightBitMime);
        let parameters =
            wide.then_some(MailParameter::Body(MailBodyParameter::EightBitMime)).into_iter();
        let mail = Mail::new(Some(sender.clone()), parameters.collect());
        step(Stage::Sender, limit, deadline, connection.command(mail)).await?;
        crash::point("mail.sender");
        let rcpt = Rcpt::new(recipient.clone(), Vec::new());
        step(Stage::Recipient, limit, deadline, connection.command(rcpt)).await?;
        crash::point("mail.recipient");
        step(Stage::Data, limit, deadline, connection.command(Data)).await?;
        crash::point("mail.data");
        let content = content(connection, &item.bytes);
        let answer = step(Stage::Content, self.limits.content, deadline, content).await?;
        crash::point("mail.answered");
        Ok(answer)
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

/// The message and the answer to its end.
#[cfg(not(debug_assertions))]
async fn content(
    connection: &mut AsyncSmtpConnection,
    bytes: &[u8],
) -> Result<Response, smtp::Error> {
    connection.message(bytes).await
}

/// The message and the answer to its end; between the two a test may let the program die, which only
/// time can tell apart from here: the test's server waits for longer.
#[cfg(debug_assertions)]
async fn content(
    connection: &mut AsyncSmtpConnection,
    bytes: &[u8],
) -> Result<Response, smtp::Error> {
    let answered = connection.message(bytes);
    if !crash::is_asked("mail.content-sent") {
        return answered.await;
    }
    tokio::pin!(answered);
    tokio::select! {
        answer = &mut answered => return answer,
        () = tokio::time::sleep(Duration::from_millis(500)) => crash::point("mail.content-sent"),
    }
    answered.await
}

/// One step of a conversation within its time.
async fn step<T>(
    stage: Stage,
    limit: Duration,
    deadline: Instant,
    work: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Stopped> {
    let until = deadline.min(Instant::now() + limit);
    match tokio::time::timeout_at(until, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Stopped::new(stage, &error)),
        Err(_) => {
            let reason = format!("no answer within {limit:?}");
            Err(Stopped { stage, reason, code: None })
        }
    }
}

fn words(answer: &Response) -> String {
    let said = answer.message().collect::<Vec<_>>().join(" ");
    clean(&format!("{} {said}", answer.code())).chars().take(REASON_CHARS_MAX).collect()
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
        let mut file = tokio::fs::File::create(&partial).await?;
        file.write_all(&item.bytes).await?;
        // What is told to be sent is sent, power cut or not.
        file.sync_all().await?;
        tokio::fs::rename(&partial, &path).await?;
        tokio::fs::File::open(folder).await?.sync_all().await
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
    let shown = command.display();
    match tokio::time::timeout(CONTENT_TIMEOUT, run).await {
        Ok(Ok(output)) if output.status.success() => {
            Delivery::Accepted(format!("taken by {shown}"))
        }
        Ok(Ok(output)) => {
            let said = clean(&String::from_utf8_lossy(&output.stderr));
            let said: String = said.chars().take(REASON_CHARS_MAX).collect();
            let reason = format!("{shown} ended with {}: {said}", output.status);
            match output.status.code() {
                Some(code) if SENDMAIL_REFUSED.contains(&code) => Delivery::Refused(reason),
                _ => Delivery::Deferred(reason),
            }
        }
        Ok(Err(e)) => Delivery::Deferred(format!("{shown} cannot be run: {e}")),
        // It had the message: it may have passed it on.
        Err(_) => Delivery::Unanswered(format!("{shown} did not end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Unsubscribe;
    use mail_parser::MessageParser;

    #[test]
    fn every_line_of_a_body_ends_as_mail_wants_it() {
        for (text, expected) in
            [("", ""), ("one\ntwo", "one\r\ntwo"), ("one\r\ntwo\n\n", "one\r\ntwo\r\n\r\n")]
        {
            assert_eq!(with_crlf(text), expected);
        }
    }

    fn settings(name: &str) -> MailSettings {
        MailSettings {
            from_name: Some(name.into()),
            operator: None,
            from_address: "gazetted@example.org".into(),
            unsubscribe: None,
            dkim: None,
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
            corrects: &[],
        }
    }

    #[test]
    fn a_message_reads_back_as_it_was_meant() {
        let text = format!("First line\n.\n{}\nCafé", "x".repeat(2_000));
        let bytes =
            build_message(&settings("gazetted"), None, &outgoing("4 joined: Café", &text)).unwrap();
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
    fn a_message_stands_in_the_thread_of_its_subscription_under_what_it_corrects() {
        let ids: Vec<String> = (1..=25).map(|n| format!("<{n}@example.org>")).collect();
        for (corrects, replies) in [(&ids[..0], 0), (&ids[..2], 2), (&ids[..], CORRECTS_MAX)] {
            let bytes =
                build_message(&settings("g"), None, &Outgoing { corrects, ..outgoing("s", "x") });
            let bytes = bytes.unwrap();
            assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998));
            let message = MessageParser::default().parse(&bytes).unwrap();
            let list = |header: &str| -> Vec<String> {
                let raw = message.header_raw(header).unwrap_or_default();
                raw.split_whitespace().map(str::to_owned).collect()
            };
            let newest = &corrects[corrects.len() - replies..];
            let root = thread_id(&settings("g"), "Boards, weekly");
            assert_eq!(list("In-Reply-To"), newest);
            assert_eq!(list("References"), [&[root][..], newest].concat());
        }
    }

    #[test]
    fn unsubscribing_works_by_web_and_by_mail_where_both_are_there() {
        let mailto = "<mailto:gazetted@example.org?subject=unsubscribe>";
        let url = "https://example.org/stop?list={digest}&who={reader}";
        let web = "<https://example.org/stop?list=boards-weekly&who=a%2Bb%40example.org>";
        let outgoing = Outgoing { recipient: "a+b@example.org", ..outgoing("s", "x") };
        for (unsubscribe, links, one_click) in [
            (None, mailto.to_owned(), None),
            (Some(false), format!("{web}, {mailto}"), None),
            (Some(true), format!("{web}, {mailto}"), Some("List-Unsubscribe=One-Click")),
        ] {
            let unsubscribe =
                unsubscribe.map(|one_click| Unsubscribe { url: url.into(), one_click });
            let bytes =
                build_message(&MailSettings { unsubscribe, ..settings("g") }, None, &outgoing)
                    .unwrap();
            let message = MessageParser::default().parse(&bytes).unwrap();
            let header = |name: &str| {
                let raw = message.header_raw(name)?;
                Some(raw.split_whitespace().collect::<Vec<_>>().join(" "))
            };
            assert_eq!(header("List-Unsubscribe"), Some(links));
            assert_eq!(header("List-Unsubscribe-Post").as_deref(), one_click);
        }
    }

    #[test]
    fn hostile_text_makes_no_header_and_no_panic() {
        for hostile in ["a\r\nBcc: x@example.org", "a\nb\0c", "\u{202e}evil\u{2028}line", ""] {
            let bytes = build_message(&settings(hostile), None, &outgoing(hostile, "x")).unwrap();
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
