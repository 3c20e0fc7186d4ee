//! Checked settings that a shell module needs, so that it need not know the configuration file.

use std::path::PathBuf;
use std::time::Duration;

/// What the first poll of a feed reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backfill {
    /// A baseline: it fills the ledger and mails nothing (invariant 8).
    #[default]
    None,
    /// Every entry of the feed counts as news.
    All,
    /// Entries whose own date is younger than this span count as news.
    Span(Duration),
}

/// What the daemon keeps, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The text of entries that prove no fact; `None` for ever.
    pub articles: Option<Duration>,
    /// The bytes of messages that were sent; `None` for ever.
    pub mail: Option<Duration>,
    /// So many daily backups beside the database; 0 for none.
    pub backups: usize,
}

/// How to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSettings {
    /// The whole User-Agent header: product, version and where to complain.
    pub user_agent: String,
    /// The whole time an answer may take, from connecting to its last byte.
    pub timeout: Duration,
    /// The largest decoded body, in bytes.
    pub body_bytes_max: u64,
    /// Requests under way at once, over all hosts.
    pub concurrency: usize,
    /// The pause between two requests to one host.
    pub per_host_gap: Duration,
    /// Requests under way at once to one host.
    pub per_host_concurrency: usize,
    /// `host` or `host:port` or a network such as `10.0.0.0/8` that may be reached although its
    /// address is private.
    pub allow_private: Vec<String>,
}

/// How the connection to the mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Starts in the clear and must upgrade before anything is said (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// In the clear: for a relay on this machine.
    None,
}

/// Where a password is read from when it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints.
    Command(Vec<String>),
}

/// How a message leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Through a mail server.
    Smtp {
        /// Its name.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is secured.
        security: SmtpSecurity,
        /// The account, where the server wants one.
        credentials: Option<(String, PasswordSource)>,
        /// A PEM file of a certificate authority to trust beside the system's.
        ca_file: Option<PathBuf>,
        /// No step of a delivery takes longer; none: a minute to connect, five for a command, ten
        /// for the answer to the message.
        timeout: Option<Duration>,
    },
    /// Through the local `sendmail` program.
    Sendmail {
        /// Its path.
        command: PathBuf,
    },
    /// One `.eml` file per message.
    File {
        /// The folder; made when it is missing.
        path: PathBuf,
    },
}

/// A web address at which a reader can end a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    /// An https address; `{digest}` and `{reader}` in it stand for the digest and the reader.
    pub url: String,
    /// Whether a POST to it is enough, without a further question (RFC 8058).
    pub one_click: bool,
}

/// How messages are signed (DKIM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimSettings {
    /// The domain that vouches for them.
    pub domain: String,
    /// The public key stands in the DNS under `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// The private key, as PEM; none: the systemd credential `dkim-key`.
    pub key_file: Option<PathBuf>,
}

/// How to mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// The sender's display name, one clean line.
    pub from_name: Option<String>,
    /// The sender's address.
    pub from_address: String,
    /// Who is told of feeds that need a look.
    pub operator: Option<String>,
    /// Where readers can unsubscribe, beside writing to the sender.
    pub unsubscribe: Option<Unsubscribe>,
    /// How messages are signed, where they are.
    pub dkim: Option<DkimSettings>,
    /// How messages leave.
    pub transport: Transport,
}
