//! From a TOML document to a [`Config`], noting every problem on the way.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;
use url::Url;

use super::{Config, ConfigError, DigestConfig, Environment, FeedConfig, catalogue};
use crate::model::{
    Backfill, DkimSettings, Feed, FeedKind, FeedName, FetchSettings, FullTextPolicy, Kind,
    MailSettings, PasswordSource, Retention, SmtpSecurity, Subscription, Transport, Unsubscribe,
};
use crate::schedule::{CronSpec, Timing, Tz};
use crate::typed::{Placed, Problem, Problems, Section, nearest};

/// Every hour: what publishers ask of readers (P7).
const DEFAULT_SCHEDULE: &str = "0 * * * *";
/// No feed is asked more often, whatever its schedule says (P7).
const DEFAULT_MIN_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// A feed whose server gives no validators sends all of itself each time: once a day is enough (P7).
const DEFAULT_UNCONDITIONAL_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_DIGEST_SCHEDULE: &str = "0 7 * * *";
const DEFAULT_BODY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// A year and some weeks: what came a year ago can still be read again with today's rules.
const DEFAULT_KEEP_ARTICLES: Duration = Duration::from_secs(400 * 86_400);
/// A quarter: long enough to look up what a mail said.
const DEFAULT_KEEP_MAIL: Duration = Duration::from_secs(90 * 86_400);
/// Less is a slip of the pen: what is kept for hours is gone before anybody looks.
const MIN_KEPT: Duration = Duration::from_secs(86_400);
const DEFAULT_BACKUPS: usize = 3;
const DEFAULT_MIN_CONFIDENCE: f64 = 0.5;
/// With both names filled in it still fits on a line of a header (998).
const UNSUBSCRIBE_BYTES_MAX: usize = 400;
/// No more lexicons can be named: each is read at every start and every reload.
const LEXICONS_MAX: usize = 32;

struct Checker<'a> {
    problems: &'a Problems,
    folder: PathBuf,
    schedule: CronSpec,
    timezone: Tz,
    min_interval: Duration,
    unconditional_interval: Duration,
    /// Where addresses of feeds stand that hold a password.
    passwords: RefCell<Vec<Range<usize>>>,
}

/// What a text gave: settings, where it has all that they need, and what is wrong with it.
pub(super) struct Checked {
    config: Option<Config>,
    problems: Vec<Problem>,
    /// Where addresses of feeds stand that hold a password.
    pub passwords: Vec<Range<usize>>,
    /// The lexicons that it names, not yet read.
    pub lexicons: Vec<Placed<PathBuf>>,
}

impl Checked {
    /// The settings, unless there are problems, these `more` included.
    pub fn into_config(
        self,
        path: &Path,
        text: &str,
        more: Vec<Problem>,
    ) -> Result<Config, ConfigError> {
        let problems: Vec<Problem> = self.problems.into_iter().chain(more).collect();
        match self.config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(ConfigError::new(path, text, problems)),
        }
    }
}

pub(super) fn check(text: &str, path: &Path, environment: &Environment) -> Checked {
    let problems = Problems::default();
    let (table, errors) = DeTable::parse_recoverable(text);
    problems.add_errors(&errors, "config/gazetted.example.toml");
    let folder = std::path::absolute(path)
        .ok()
        .and_then(|p| p.parent().map(Path::to_owned))
        .unwrap_or_default();
    let root = Section::new("the configuration", 0..0, Some(table.get_ref()), &problems);
    let mut checker = Checker::new(&problems, folder);
    let backfill = checker.defaults(root.section("defaults", "[defaults]"));
    let (store_path, retention) = checker.store(root.section("store", "[store]"), environment);
    let fetch = checker.fetch(root.section("fetch", "[fetch]"));
    let lexicons = checker.detect(root.section("detect", "[detect]"));
    let mail = checker.mail(root.section("mail", "[mail]"));
    let feeds = checker.feeds(root.sections("feed", "[[feed]]"), text.len());
    let digests = checker.digests(root.sections("digest", "[[digest]]"), &feeds);
    root.finish();
    let mut warnings = Vec::new();
    if digests.is_empty() {
        warnings.push("no [[digest]]: facts are kept, and nobody is told".to_owned());
    }
    let config = store_path.zip(mail).map(|(store_path, mail)| Config {
        path: path.to_owned(),
        store_path,
        retention,
        backfill,
        fetch,
        lexicons: Vec::new(),
        mail,
        feeds,
        digests,
        warnings,
    });
    let passwords = checker.passwords.into_inner();
    Checked { config, problems: problems.into_inner(), passwords, lexicons }
}

/// The settings of a `[fetch]` that is not there.
pub(super) fn default_fetch() -> FetchSettings {
    let problems = Problems::default();
    let mut checker = Checker::new(&problems, PathBuf::new());
    checker.fetch(Section::new("[fetch]", 0..0, None, &problems))
}

impl Checker<'_> {
    fn new(problems: &Problems, folder: PathBuf) -> Checker<'_> {
        Checker {
            problems,
            folder,
            schedule: CronSpec::parse(DEFAULT_SCHEDULE)
                .expect("the default schedule is a schedule"),
            timezone: Tz::UTC,
            min_interval: DEFAULT_MIN_INTERVAL,
            unconditional_interval: DEFAULT_UNCONDITIONAL_INTERVAL,
            passwords: RefCell::default(),
        }
    }

    fn defaults(&mut self, section: Section) -> Backfill {
        if let Some(schedule) = section.string("schedule").and_then(|s| self.cron(&s)) {
            self.schedule = schedule;
        }
        if let Some(timezone) = section.string("timezone").and_then(|t| self.zone(&t)) {
            self.timezone = timezone;
        }
        let backfill = section.string("backfill").and_then(|b| match b.value.as_str() {
            "none" => Some(Backfill::None),
            "all" => Some(Backfill::All),
            span => match duration(span) {
                Some(span) => Some(Backfill::Span(span)),
                None => {
                    self.problems.add(
                        b.span,
                        format!("`{span}` is no backfill"),
                        "write \"none\", \"all\" or a span such as \"30d\"",
                    );
                    None
                }
            },
        });
        section.finish();
        backfill.unwrap_or_default()
    }

    fn store(&self, section: Section, environment: &Environment) -> (Option<PathBuf>, Retention) {
        let path = section
            .string("path")
            .map(|p| self.folder.join(p.value))
            .or_else(|| environment.default_store());
        if path.is_none() {
            self.problems.add(
                section.span.clone(),
                "no place for the database",
                "set [store] path, or $STATE_DIRECTORY or $HOME",
            );
        }
        let daily = self.one_of(section.string("backup").as_ref(), &["daily", "never"]);
        let backups = self.count(&section, "backups").unwrap_or(DEFAULT_BACKUPS);
        let retention = Retention {
            articles: self.kept(&section, "keep_articles", DEFAULT_KEEP_ARTICLES),
            mail: self.kept(&section, "keep_mail", DEFAULT_KEEP_MAIL),
            backups: if daily == Some("never") { 0 } else { backups },
        };
        section.finish();
        (path, retention)
    }

    /// For how long something is kept; `None` for ever.
    fn kept(&self, section: &Section, key: &'static str, default: Duration) -> Option<Duration> {
        let Some(typed) = section.string(key) else { return Some(default) };
        if typed.value == "forever" {
            return None;
        }
        let span = duration(&typed.value).filter(|span| *span >= MIN_KEPT);
        if span.is_none() {
            self.problems.add(
                typed.span,
                format!("`{}` is no time to keep something for", typed.value),
                format!(
                    "write {key} = \"{}d\", a day or more, or \"forever\"",
                    default.as_secs() / 86_400
                ),
            );
        }
        Some(span.unwrap_or(default))
    }

    fn fetch(&mut self, section: Section) -> FetchSettings {
        if let Some(interval) = self.span(&section, "min_interval") {
            self.min_interval = interval;
        }
        if let Some(interval) = self.span(&section, "unconditional_interval") {
            self.unconditional_interval = interval;
        }
        let contact = section.string("contact").map(|c| c.value);
        let version = env!("CARGO_PKG_VERSION");
        let default_agent = match &contact {
            Some(contact) => format!("gazetted/{version} (+{contact})"),
            None => format!("gazetted/{version} (feed reader; contact not configured)"),
        };
        let user_agent = section.string("user_agent").filter(|agent| {
            let fine =
                !agent.value.is_empty() && agent.value.chars().all(|c| (' '..='~').contains(&c));
            if !fine {
                self.problems.add(
                    agent.span.clone(),
                    "`user_agent` must be printable ASCII",
                    "write product/version and an address where you can be reached",
                );
            }
            fine
        });
        let settings = FetchSettings {
            user_agent: user_agent.map_or(default_agent, |a| a.value),
            timeout: self.span(&section, "timeout").unwrap_or(Duration::from_secs(30)),
            body_bytes_max: section
                .string("max_body")
                .and_then(|s| self.size(&s))
                .unwrap_or(DEFAULT_BODY_BYTES_MAX),
            concurrency: self.count(&section, "concurrency").unwrap_or(16),
            per_host_gap: self.span(&section, "per_host_gap").unwrap_or(Duration::from_secs(2)),
            per_host_concurrency: self.count(&section, "per_host_concurrency").unwrap_or(1),
            allow_private: section
                .strings("allow_private")
                .map_or_else(Vec::new, |l| l.value.into_iter().map(|p| p.value).collect()),
        };
        section.finish();
        settings
    }

    /// The files with the user's own words, each once.
    fn detect(&self, section: Section) -> Vec<Placed<PathBuf>> {
        let typed = section.strings("lexicons");
        let mut found: Vec<Placed<PathBuf>> = Vec::new();
        for Placed { value, span } in typed.iter().flat_map(|l| &l.value) {
            let path = self.folder.join(value);
            if value.trim().is_empty() {
                let help = "name a file, or take the empty name away";
                self.problems.add(span.clone(), "`lexicons` in [detect] has an empty name", help);
            } else if found.iter().any(|known| known.value == path) {
                let message = format!("`lexicons` in [detect] names `{value}` twice");
                self.problems.add(span.clone(), message, "take one of them away");
            } else {
                found.push(Placed { value: path, span: span.clone() });
            }
        }
        if let Some(over) = found.get(LEXICONS_MAX) {
            self.problems.add(
                over.span.clone(),
                format!("`lexicons` in [detect] names more than {LEXICONS_MAX} files"),
                "put the words of several into one",
            );
        }
        found.truncate(LEXICONS_MAX);
        section.finish();
        found
    }

    fn mail(&self, section: Section) -> Option<MailSettings> {
        let from = section.string("from").unwrap_or(Placed {
            value: "gazetted <gazetted@localhost>".into(),
            span: section.span.clone(),
        });
        let (from_name, from_address) = self.mailbox(&from).unwrap_or((None, String::new()));
        let operator = section.string("operator").and_then(|o| self.mailbox(&o)).map(|(_, a)| a);
        let unsubscribe = self.unsubscribe(section.section("unsubscribe", "mail.unsubscribe"));
        let dkim = self.dkim(section.section("dkim", "mail.dkim"), &from_address);
        let transport = section.string("transport");
        let smtp = section.section("smtp", "mail.smtp");
        let file = section.section("file", "mail.file");
        let sendmail = section.section("sendmail", "mail.sendmail");
        let file_path = file
            .string("path")
            .map_or_else(|| self.folder.join("outbox"), |p| self.folder.join(p.value));
        let command = sendmail
            .string("command")
            .map_or_else(|| PathBuf::from("/usr/sbin/sendmail"), |c| PathBuf::from(c.value));
        let chosen = transport.as_ref().map_or("file", |t| t.value.as_str());
        let smtp_settings =
            self.smtp(smtp, chosen == "smtp", transport.as_ref().map(|t| t.span.clone()));
        let transport = match chosen {
            "file" => Some(Transport::File { path: file_path }),
            "sendmail" => Some(Transport::Sendmail { command }),
            "smtp" => smtp_settings,
            _ => {
                self.one_of(transport.as_ref(), &["smtp", "sendmail", "file"]);
                None
            }
        };
        file.finish();
        sendmail.finish();
        section.finish();
        Some(MailSettings {
            from_name,
            from_address,
            operator,
            unsubscribe,
            dkim,
            transport: transport?,
        })
    }

    /// What a table must have if it is there at all.
    fn needed<T>(
        &self,
        section: &Section,
        table: &str,
        key: &str,
        typed: Option<T>,
        help: &str,
    ) -> Option<T> {
        if section.exists() && typed.is_none() {
            self.problems.add(section.span.clone(), format!("`{table}` has no `{key}`"), help);
        }
        typed
    }

    /// How messages are signed. A signature of another domain than the sender's says nothing about the
    /// sender (DMARC, RFC 7489 §3.1).
    fn dkim(&self, section: Section, from: &str) -> Option<DkimSettings> {
        let selector = section.string("selector");
        let domain = section.string("domain");
        let key_file = section.string("key_file").map(|k| self.folder.join(k.value));
        let help = "write dkim = { selector = \"g2026\", key_file = \"dkim.pem\" }; the public key stands in the DNS under g2026._domainkey.DOMAIN";
        let selector = self.needed(&section, "dkim", "selector", selector, help);
        section.finish();
        let selector = selector?;
        let sender = from.rsplit_once('@').map_or(from, |(_, domain)| domain).to_ascii_lowercase();
        let domain =
            domain.unwrap_or_else(|| Placed { value: sender.clone(), span: selector.span.clone() });
        for typed in [&selector, &domain] {
            let label = |l: &str| {
                !l.is_empty()
                    && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            if !typed.value.split('.').all(label) {
                self.problems.add(
                    typed.span.clone(),
                    format!("`{}` is no name in the DNS", typed.value),
                    "use letters, digits and `-`, with dots between",
                );
            }
        }
        let name = domain.value.to_ascii_lowercase();
        let within = |inner: &str, outer: &str| {
            inner.strip_suffix(outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if !from.is_empty() && !within(&sender, &name) && !within(&name, &sender) {
            self.problems.add(
                domain.span,
                format!("`{name}` does not vouch for mail from {sender}"),
                format!("sign for {sender}, or for the domain that it belongs to"),
            );
        }
        Some(DkimSettings { domain: name, selector: selector.value, key_file })
    }

    /// Where readers unsubscribe on the web.
    fn unsubscribe(&self, section: Section) -> Option<Unsubscribe> {
        let url = section.string("url");
        let one_click = section.boolean("one_click");
        let help = "write unsubscribe = { url = \"https://example.org/stop?list={digest}&reader={reader}\" }";
        let url = self.needed(&section, "unsubscribe", "url", url, help);
        section.finish();
        let url = url?;
        let sample = url.value.replace("{digest}", "x").replace("{reader}", "x");
        let fine = Url::parse(&sample).is_ok_and(|u| u.scheme() == "https" && u.has_host())
            && sample.chars().all(|c| c.is_ascii_graphic() && !"<>{}\"\\".contains(c))
            && url.value.len() <= UNSUBSCRIBE_BYTES_MAX;
        if !fine {
            self.problems.add(
                url.span.clone(),
                format!("`{}` is no address to unsubscribe at", url.value),
                format!("use an https address of at most {UNSUBSCRIBE_BYTES_MAX} characters; {{digest}} and {{reader}} in it stand for the digest and the reader"),
            );
        }
        let one_click = one_click.filter(|switch| switch.value);
        if let Some(switch) = one_click.as_ref().filter(|_| !url.value.contains("{reader}")) {
            self.problems.add(
                switch.span.clone(),
                "`one_click` needs an address that says who is to be unsubscribed",
                "put {reader} into `url`, and {digest} where there are several digests",
            );
        }
        fine.then(|| Unsubscribe { url: url.value, one_click: one_click.is_some() })
    }

    fn smtp(
        &self,
        section: Section,
        needed: bool,
        place: Option<Range<usize>>,
    ) -> Option<Transport> {
        let host = section.string("host");
        let security =
            match self.one_of(section.string("security").as_ref(), &["starttls", "tls", "none"]) {
                Some("tls") => SmtpSecurity::Tls,
                Some("none") => SmtpSecurity::None,
                _ => SmtpSecurity::StartTls,
            };
        let default_port = match security {
            SmtpSecurity::StartTls => 587,
            SmtpSecurity::Tls => 465,
            SmtpSecurity::None => 25,
        };
        let port = section.integer("port").and_then(|p| {
            let port = u16::try_from(p.value).ok().filter(|p| *p > 0);
            if port.is_none() {
                self.problems.add(
                    p.span,
                    format!("{} is no port", p.value),
                    "use 1 to 65535, mostly 587 (starttls) or 465 (tls)",
                );
            }
            port
        });
        let username = section.string("username");
        let file = section
            .string("password_file")
            .map(|p| PasswordSource::File(self.folder.join(p.value)));
        let command = section.strings("password_command").map(|c| {
            let words: Vec<String> = c.value.into_iter().map(|w| w.value).collect();
            PasswordSource::Command(if words.len() == 1 {
                words[0].split_whitespace().map(str::to_owned).collect()
            } else {
                words
            })
        });
        if let Some(password) = section.string("password") {
            self.problems.add(
                password.span,
                "a password does not belong in this file",
                "put it in a file and name that with password_file, or use password_command",
            );
        }
        let ca_file = section.string("ca_file").map(|p| self.folder.join(p.value));
        let timeout = self.span(&section, "timeout");
        if needed && host.is_none() {
            let span = if section.exists() { section.span.clone() } else { place.unwrap_or(0..0) };
            self.problems.add(span, "transport \"smtp\" needs a server", "write smtp = { host = \"mail.example.org\", port = 587, security = \"starttls\" } under [mail]");
        }
        // Without a source the password comes from $CREDENTIALS_DIRECTORY when it is needed.
        let source = file.or(command).unwrap_or_else(|| PasswordSource::File(PathBuf::new()));
        let credentials = username.map(|u| (u.value, source));
        section.finish();
        let host = host?.value;
        Some(Transport::Smtp {
            host,
            port: port.unwrap_or(default_port),
            security,
            credentials,
            ca_file,
            timeout,
        })
    }

    fn feeds(&self, sections: Vec<Section>, end: usize) -> Vec<FeedConfig> {
        if sections.is_empty() {
            self.problems.add(end..end, "no feed is configured", "add a [[feed]] with name, url and publisher, or with catalogue = \"…\" (see `gazetted feeds --catalogue`)");
        }
        let mut names: HashSet<String> = HashSet::new();
        let mut feeds = Vec::new();
        for section in sections {
            let name_span = section.string("name").map_or(section.span.clone(), |n| n.span);
            if let Some(feed) = self.feed(section) {
                if !names.insert(feed.feed.name.0.clone()) {
                    self.problems.add(
                        name_span,
                        format!("two feeds are called `{}`", feed.feed.name),
                        "give each a name of its own: it is the feed's identity",
                    );
                }
                feeds.push(feed);
            }
        }
        feeds
    }

    fn feed(&self, section: Section) -> Option<FeedConfig> {
        let listed = section.string("catalogue");
        let entry = listed.as_ref().and_then(|id| {
            let found = catalogue::find(&id.value);
            if found.is_none() {
                let near = nearest(&id.value, catalogue::entries().iter().map(|e| e.id.as_str()));
                let help = near.map_or_else(
                    || "see `gazetted feeds --catalogue`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.problems.add(
                    id.span.clone(),
                    format!("the catalogue has no `{}`", id.value),
                    help,
                );
            }
            found
        });
        let name =
            section.string("name").map(|n| n.value).or_else(|| entry.map(|e| e.name.clone()));
        let url = section.string("url");
        let url = match &url {
            Some(url) => self.feed_url(url),
            None => entry.map(|e| e.url.clone()),
        };
        let publisher = section
            .string("publisher")
            .map(|p| p.value)
            .or_else(|| entry.map(|e| e.publisher.clone()))
            .or_else(|| name.clone());
        let kind = self
            .one_of(section.string("kind").as_ref(), &["foundation", "vendor", "newswire"])
            .map(|k| match k {
                "vendor" => FeedKind::Vendor,
                "newswire" => FeedKind::Newswire,
                _ => FeedKind::Foundation,
            });
        let full_text = self
            .one_of(section.string("full_text").as_ref(), &["auto", "always", "never"])
            .map(|f| match f {
                "always" => FullTextPolicy::Always,
                "never" => FullTextPolicy::Never,
                _ => FullTextPolicy::Auto,
            });
        let timing = self.timing(&section);
        let enabled = section.boolean("enabled").is_none_or(|e| e.value);
        if listed.is_none() {
            for (key, present) in [("name", section.has("name")), ("url", section.has("url"))] {
                if !present {
                    self.problems.add(section.span.clone(), format!("this [[feed]] has no `{key}`"), format!("add {key} = \"…\", or take one from the catalogue with catalogue = \"…\""));
                }
            }
        }
        section.finish();
        let feed = Feed {
            name: FeedName(name?),
            url: url?,
            publisher: publisher?,
            kind: kind.or(entry.map(|e| e.kind)).unwrap_or_default(),
            full_text: full_text.unwrap_or_default(),
        };
        Some(FeedConfig { feed, timing, enabled })
    }

    /// When a feed is polled: by its own keys, else by the defaults.
    fn timing(&self, section: &Section) -> Timing {
        let schedule = section.string("schedule").and_then(|s| self.cron(&s));
        let timezone = section.string("timezone").and_then(|t| self.zone(&t));
        let own = self.span(section, "min_interval");
        Timing {
            schedule: schedule.unwrap_or_else(|| self.schedule.clone()),
            timezone: timezone.unwrap_or(self.timezone),
            min_interval: own.unwrap_or(self.min_interval),
            unconditional_interval: own.unwrap_or(self.unconditional_interval),
        }
    }

    /// An absolute address; a `file:` address may be relative to the configuration's folder.
    fn feed_url(&self, url: &Placed<String>) -> Option<String> {
        if let Some(path) = url.value.strip_prefix("file:").filter(|p| !p.starts_with("//")) {
            return Url::from_file_path(self.folder.join(path)).ok().map(String::from);
        }
        match Url::parse(&url.value) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https" | "file") => {
                if parsed.password().is_some() {
                    self.passwords.borrow_mut().push(url.span.clone());
                }
                Some(parsed.into())
            }
            Ok(parsed) => {
                self.problems.add(
                    url.span.clone(),
                    format!("`{}` addresses cannot be read", parsed.scheme()),
                    "use http, https or file",
                );
                None
            }
            Err(error) => {
                self.problems.add(
                    url.span.clone(),
                    format!("`{}` is no address: {error}", url.value),
                    "write it in full, such as \"https://example.org/feed.xml\"",
                );
                None
            }
        }
    }

    fn digests(&self, sections: Vec<Section>, feeds: &[FeedConfig]) -> Vec<DigestConfig> {
        let mut found: Vec<DigestConfig> = Vec::new();
        for section in sections {
            let span = section.string("name").map_or(section.span.clone(), |n| n.span);
            if let Some(digest) = self.digest(section, feeds) {
                if found.iter().any(|d| d.subscription.name == digest.subscription.name) {
                    self.problems.add(
                        span,
                        format!("two digests are called `{}`", digest.subscription.name),
                        "give each a name of its own",
                    );
                }
                found.push(digest);
            }
        }
        found
    }

    fn digest(&self, section: Section, feeds: &[FeedConfig]) -> Option<DigestConfig> {
        let name = section.string("name");
        if name.is_none() {
            self.problems.add(
                section.span.clone(),
                "this [[digest]] has no `name`",
                "add name = \"…\": it stands in the mail",
            );
        }
        let to = self.recipients(&section);
        let schedule = section.string("schedule").and_then(|s| self.cron(&s));
        let schedule = schedule.unwrap_or_else(|| {
            CronSpec::parse(DEFAULT_DIGEST_SCHEDULE).expect("the default schedule is a schedule")
        });
        let timezone =
            section.string("timezone").and_then(|t| self.zone(&t)).unwrap_or(self.timezone);
        let kinds = self.kinds(&section);
        let feeds = self.known_feeds(&section, feeds);
        let list = |key: &'static str| {
            section
                .strings(key)
                .map_or_else(Vec::new, |l| l.value.into_iter().map(|p| p.value).collect())
        };
        let (bodies, subjects) = (list("bodies"), list("subjects"));
        let include_children = self.switch(&section, "include_children", "bodies", &bodies);
        let watch = list("watch");
        let watch_immediately = self.switch(&section, "watch_immediately", "watch", &watch);
        let all_quiet = self.one_of(section.string("all_quiet").as_ref(), &["never", "monthly"]);
        let min_confidence = section.number("min_confidence").and_then(|c| {
            let fine = (0.0..=1.0).contains(&c.value);
            if !fine {
                self.problems.add(
                    c.span,
                    format!("min_confidence is {}", c.value),
                    "use a share from 0.0 (everything) to 1.0 (nothing); the default is 0.5",
                );
            }
            fine.then_some(c.value)
        });
        section.finish();
        let min_confidence = min_confidence.unwrap_or(DEFAULT_MIN_CONFIDENCE);
        let subscription = Subscription {
            name: name?.value,
            to,
            kinds,
            bodies,
            include_children,
            subjects,
            feeds,
            min_confidence,
            watch,
            watch_immediately,
            all_quiet: all_quiet == Some("monthly"),
        };
        Some(DigestConfig { subscription, schedule, timezone })
    }

    /// A switch that says something about a list, which must then be there.
    fn switch(&self, section: &Section, key: &'static str, of: &str, list: &[String]) -> bool {
        let Some(typed) = section.boolean(key) else { return false };
        if typed.value && list.is_empty() {
            self.problems.add(
                typed.span,
                format!("`{key}` has nothing to be about: this [[digest]] has no `{of}`"),
                format!("add {of} = [\"…\"], or take `{key}` away"),
            );
        }
        typed.value
    }

    fn recipients(&self, section: &Section) -> Vec<String> {
        let to = section.strings("to").map(|to| to.value).unwrap_or_default();
        if to.is_empty() {
            self.problems.add(
                section.span.clone(),
                "this [[digest]] has no reader",
                "add to = [\"reader@example.org\"]",
            );
        }
        to.iter().filter_map(|address| self.mailbox(address)).map(|(_, address)| address).collect()
    }

    fn kinds(&self, section: &Section) -> Vec<Kind> {
        let typed = section.strings("kinds").map(|k| k.value).unwrap_or_default();
        if typed.is_empty() {
            return vec![Kind::Membership, Kind::Appointment];
        }
        let word = |kind: &Placed<String>| {
            self.one_of(Some(kind), &["membership", "appointment", "hosting"])
        };
        typed
            .iter()
            .filter_map(word)
            .map(|kind| match kind {
                "appointment" => Kind::Appointment,
                "hosting" => Kind::Hosting,
                _ => Kind::Membership,
            })
            .collect()
    }

    /// The feeds that a digest is limited to; each must be configured.
    fn known_feeds(&self, section: &Section, feeds: &[FeedConfig]) -> Vec<String> {
        let only: Vec<Placed<String>> =
            section.strings("feeds").map(|f| f.value).unwrap_or_default();
        for feed in only.iter().filter(|o| !feeds.iter().any(|f| f.feed.name.0 == o.value)) {
            let near = nearest(&feed.value, feeds.iter().map(|f| f.feed.name.0.as_str()));
            let help = near.map_or_else(
                || "name one of your [[feed]] tables".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems.add(
                feed.span.clone(),
                format!("no feed is called `{}`", feed.value),
                help,
            );
        }
        only.into_iter().map(|f| f.value).collect()
    }

    fn cron(&self, typed: &Placed<String>) -> Option<CronSpec> {
        CronSpec::parse(&typed.value)
            .map_err(|error| {
                self.problems.add(
                    typed.span.clone(),
                    format!("`{}` is no schedule", typed.value),
                    error.to_string(),
                )
            })
            .ok()
    }

    fn zone(&self, typed: &Placed<String>) -> Option<Tz> {
        let zone = typed.value.parse().ok();
        if zone.is_none() {
            let near = nearest(&typed.value, chrono_tz::TZ_VARIANTS.iter().map(|z| z.name()));
            let help = near.map_or_else(
                || "use an IANA name such as \"Europe/Berlin\"".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems.add(
                typed.span.clone(),
                format!("`{}` is no time zone", typed.value),
                help,
            );
        }
        zone
    }

    fn span(&self, section: &Section, key: &'static str) -> Option<Duration> {
        let typed = section.string(key)?;
        let span = duration(&typed.value);
        if span.is_none() {
            self.problems.add(
                typed.span,
                format!("`{}` is no span of time", typed.value),
                format!("write {key} = \"30s\"; units are ms, s, m, h, d"),
            );
        }
        span
    }

    fn size(&self, typed: &Placed<String>) -> Option<u64> {
        let split = typed.value.find(|c: char| !c.is_ascii_digit()).unwrap_or(typed.value.len());
        let (digits, unit) = typed.value.split_at(split);
        let factor = match unit.trim() {
            "" | "B" => Some(1),
            "KiB" | "kB" | "K" => Some(1024),
            "MiB" | "MB" | "M" => Some(1024 * 1024),
            _ => None,
        };
        let size = digits
            .parse::<u64>()
            .ok()
            .zip(factor)
            .and_then(|(n, f)| n.checked_mul(f))
            .filter(|n| *n > 0);
        if size.is_none() {
            self.problems.add(
                typed.span.clone(),
                format!("`{}` is no size", typed.value),
                "write it as \"8MiB\"; units are B, KiB, MiB",
            );
        }
        size
    }

    fn count(&self, section: &Section, key: &'static str) -> Option<usize> {
        let typed = section.integer(key)?;
        let count = usize::try_from(typed.value).ok().filter(|n| (1..=1024).contains(n));
        if count.is_none() {
            self.problems.add(typed.span, format!("{key} is {}", typed.value), "use 1 to 1024");
        }
        count
    }

    fn one_of(
        &self,
        typed: Option<&Placed<String>>,
        allowed: &[&'static str],
    ) -> Option<&'static str> {
        let typed = typed?;
        let found = allowed.iter().copied().find(|word| *word == typed.value);
        if found.is_none() {
            let list = allowed.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
            let help = match nearest(&typed.value, allowed.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"? It takes {list}"),
                None => format!("it takes {list}"),
            };
            self.problems.add(
                typed.span.clone(),
                format!("`{}` is not known here", typed.value),
                help,
            );
        }
        found
    }

    /// "Name <address>" or a bare address.
    fn mailbox(&self, typed: &Placed<String>) -> Option<(Option<String>, String)> {
        let (name, address) = match typed.value.split_once('<') {
            Some((name, rest)) => (
                Some(name.trim().to_owned()).filter(|n| !n.is_empty()),
                rest.trim_end().trim_end_matches('>'),
            ),
            None => (None, typed.value.trim()),
        };
        let fine = address.split_once('@').is_some_and(|(local, domain)| {
            let ascii =
                address.chars().all(|c| c.is_ascii_graphic() && !"<>(),;:\\\"[]".contains(c));
            ascii
                && !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
        if !fine {
            self.problems.add(
                typed.span.clone(),
                format!("`{}` is no mail address", typed.value),
                "write \"name@example.org\" or \"Name <name@example.org>\"",
            );
        }
        fine.then(|| (name, address.to_owned()))
    }
}

/// "30s", "5m", "2h", "30d", "500ms".
pub(super) fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    let n: u64 = digits.parse().ok()?;
    let seconds = match unit.trim() {
        "ms" => return Some(Duration::from_millis(n)),
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    n.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment { home: Some("/home/x".into()), ..Environment::default() }
    }

    fn parse(text: &str) -> Result<Config, ConfigError> {
        crate::config::parse(text, Path::new("/etc/gazetted/gazetted.toml"), &environment())
    }

    const FEED: &str = "[[feed]]\nname = \"a\"\nurl = \"https://example.org/feed\"\n";

    #[test]
    fn the_least_configuration_has_sane_defaults() {
        let config = parse(FEED).unwrap();
        assert_eq!(config.store_path, PathBuf::from("/home/x/.local/state/gazetted/gazetted.db"));
        assert_eq!(config.backfill, Backfill::None);
        let days = |n: u64| Some(Duration::from_secs(n * 86_400));
        let kept = Retention { articles: days(400), mail: days(90), backups: 3 };
        assert_eq!(config.retention, kept);
        let never = "[store]\nkeep_articles = \"forever\"\nbackup = \"never\"\n";
        let kept = parse(&format!("{never}{FEED}")).unwrap().retention;
        assert_eq!((kept.articles, kept.backups), (None, 0));
        assert_eq!(config.fetch.per_host_gap, Duration::from_secs(2));
        assert_eq!(config.feeds[0].timing.schedule.to_string(), "0 * * * *");
        assert_eq!(config.feeds[0].feed.publisher, "a");
        assert_eq!(config.mail.transport, Transport::File { path: "/etc/gazetted/outbox".into() });
        assert_eq!(config.warnings.len(), 1);
    }

    #[test]
    fn ten_mistakes_give_ten_errors_with_line_column_and_remedy() {
        let text = r#"[store]
pth = "x.db"
[defaults]
schedule = "61 * * * *"
timezone = "Europe/Berln"
[fetch]
timeout = "soon"
concurrency = "many"
[mail]
transport = "smpt"
[[feed]]
name = "a"
url = "ftp://example.org/feed"
[[feed]]
catalogue = "cncf-blgo"
[[digest]]
name = "d"
to = ["nobody"]
min_confidence = 7
"#;
        let error = parse(text).unwrap_err();
        let shown = error.to_string();
        assert_eq!(error.count(), 10, "{shown}");
        for part in [
            "gazetted.toml:2:1: unknown key `pth`",
            "did you mean `path`?",
            ":4:12: `61 * * * *`",
            "minute: `61` is not understood",
            ":5:12: ",
            "Europe/Berlin",
            ":7:11: `soon`",
            "units are ms, s",
            ":8:15: `concurrency` must be a whole number",
            ":10:13: `smpt`",
            "did you mean \"smtp\"",
            ":13:7: `ftp`",
            "use http, https or file",
            ":15:13: the catalogue has no",
            "did you mean `cncf-blog`?",
            ":18:7: `nobody` is no mail address",
            ":19:18: min_confidence is 7",
            "10 problems in",
            "^^^",
        ] {
            assert!(shown.contains(part), "{part} is missing in\n{shown}");
        }
    }

    #[test]
    fn other_mistakes_are_found_too() {
        for (text, part) in [
            ("", "no feed is configured"),
            ("[[feed]]\nurl = \"https://example.org\"\n", "has no `name`"),
            ("[[feed]]\nname = \"a\"\nurl = \"example\"\n", "is no address"),
            (&format!("{FEED}{FEED}"), "two feeds are called `a`"),
            (&format!("{FEED}[mail]\ntransport = \"smtp\"\n"), "needs a server"),
            (
                &format!("{FEED}[mail]\nsmtp = {{ host = \"h\", password = \"p\" }}\n"),
                "password_file",
            ),
            (
                &format!("{FEED}[mail]\nsmtp = {{ host = \"h\", timeout = \"soon\" }}\n"),
                "`soon` is no span of time",
            ),
            (&format!("{FEED}[[digest]]\nname = \"d\"\n"), "has no reader"),
            (
                &format!("{FEED}[[digest]]\nname = \"d\"\nto = \"a@b.c\"\nfeeds = [\"b\"]\n"),
                "no feed is called `b`",
            ),
            (&format!("{FEED}[defaults]\nbackfill = \"some\"\n"), "30d"),
            (&format!("{FEED}[detect]\nlexicon = []\n"), "did you mean `lexicons`?"),
            (&format!("{FEED}[detect]\nlexicons = [\"\"]\n"), ":5:13: `lexicons` in [detect]"),
            (&format!("{FEED}[detect]\nlexicons = [\"a\", \"a\"]\n"), "names `a` twice"),
            (&format!("[store]\nkeep_articles = \"2h\"\n{FEED}"), "a day or more"),
            (&format!("[store]\nkeep_mail = \"long\"\n{FEED}"), ":2:13: `long` is no time"),
            (&format!("[store]\nbackup = \"hourly\"\n{FEED}"), "it takes \"daily\", \"never\""),
            (&format!("[store]\nbackups = 0\n{FEED}"), "use 1 to 1024"),
            ("[[feed]\n", ":1:"),
        ] {
            let shown = parse(text).unwrap_err().to_string();
            assert!(shown.contains(part), "{text}\n{shown}");
        }
    }

    #[test]
    fn the_example_is_valid_as_it_stands_and_with_every_key_set() {
        let example = include_str!("../../config/gazetted.example.toml");
        if let Err(error) = parse(example) {
            panic!("{error}");
        }
        let uncommented: String = example
            .lines()
            .map(|l| l.strip_prefix("#: ").unwrap_or(l))
            .collect::<Vec<_>>()
            .join("\n");
        if let Err(error) = parse(&uncommented) {
            panic!("{error}");
        }
        for key in [
            "path",
            "keep_articles",
            "keep_mail",
            "backup",
            "backups",
            "schedule",
            "timezone",
            "backfill",
            "user_agent",
            "contact",
            "timeout",
            "max_body",
            "concurrency",
            "per_host_gap",
            "per_host_concurrency",
            "allow_private",
            "lexicons",
            "from",
            "transport",
            "smtp",
            "host",
            "port",
            "security",
            "username",
            "password_file",
            "password_command",
            "ca_file",
            "file",
            "sendmail",
            "command",
            "name",
            "url",
            "publisher",
            "kind",
            "full_text",
            "enabled",
            "catalogue",
            "to",
            "kinds",
            "bodies",
            "subjects",
            "feeds",
            "min_confidence",
        ] {
            assert!(example.contains(&format!("{key} =")), "the example does not show `{key}`");
        }
    }

    #[test]
    fn relative_paths_stand_beside_the_configuration() {
        let config =
            parse("[store]\npath = \"x.db\"\n[[feed]]\nname = \"a\"\nurl = \"file:feeds/a.xml\"\n")
                .unwrap();
        assert_eq!(config.store_path, PathBuf::from("/etc/gazetted/x.db"));
        assert_eq!(config.feeds[0].feed.url, "file:///etc/gazetted/feeds/a.xml");
    }
}
