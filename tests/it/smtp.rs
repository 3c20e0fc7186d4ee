//! A real SMTP server in the test's process: EHLO, STARTTLS, AUTH PLAIN, dot-stuffing, and faults at
//! every stage, for everybody or for one recipient.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Where in a conversation something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    Connect,
    Hello,
    Mail,
    Recipient,
    Data,
    /// After the last line of the message.
    Content,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This answer instead of the good one.
    Say(&'static str),
    /// The connection is closed without an answer.
    Drop,
    /// The good answer comes so late.
    Stall(Duration),
}

/// A message that came in whole, and what the server knows about it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The address of RCPT TO.
    pub recipient: String,
    pub data: Vec<u8>,
    pub tls: bool,
    pub login: Option<String>,
    /// False where the answer to it was a refusal.
    pub taken: bool,
    pub at: Instant,
}

impl Received {
    fn header(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.data).into_owned();
        let found = text.lines().take_while(|l| !l.is_empty()).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }

    pub fn message_id(&self) -> String {
        self.header("Message-ID")
    }

    pub fn list(&self) -> String {
        self.header("List-Id")
    }

    /// The text part, white space folded.
    pub fn text(&self) -> String {
        let message = mail_parser::MessageParser::default().parse(&self.data).unwrap();
        let text = message.body_text(0).unwrap_or_default().into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    faults: Mutex<HashMap<(Stage, Option<String>), Fault>>,
    /// The recipients that were named, refused ones too.
    named: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

impl Shared {
    /// What is to happen here: `Err`: hang up.
    async fn answer(
        &self,
        stage: Stage,
        recipient: &str,
        good: &'static str,
    ) -> Result<&'static str, ()> {
        let fault = {
            let faults = self.faults.lock().unwrap();
            let own = faults.get(&(stage, Some(recipient.to_owned())));
            own.or_else(|| faults.get(&(stage, None))).copied()
        };
        match fault {
            None => Ok(good),
            Some(Fault::Say(text)) => Ok(text),
            Some(Fault::Drop) => Err(()),
            Some(Fault::Stall(wait)) => {
                tokio::time::sleep(wait).await;
                Ok(good)
            }
        }
    }
}

/// The server; it ends with the test.
pub struct SmtpServer {
    pub port: u16,
    /// The authority that signed its certificate, as PEM.
    pub ca: String,
    shared: Arc<Shared>,
}

impl SmtpServer {
    pub async fn start() -> SmtpServer {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::from_params(&params, &ca_key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = SmtpServer {
            port: listener.local_addr().unwrap().port(),
            ca: ca.pem(),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&server.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move { greet(stream, acceptor, shared).await });
            }
        });
        server
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The messages that a recipient got, in order.
    pub fn received_by(&self, recipient: &str) -> Vec<Received> {
        self.received().into_iter().filter(|r| r.taken && r.recipient == recipient).collect()
    }

    pub fn set(&self, stage: Stage, recipient: Option<&str>, fault: Fault) {
        let key = (stage, recipient.map(str::to_owned));
        self.shared.faults.lock().unwrap().insert(key, fault);
    }

    /// All is well again.
    pub fn mend(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// How often a recipient was named.
    pub fn named(&self, recipient: &str) -> usize {
        self.shared.named.lock().unwrap().iter().filter(|r| *r == recipient).count()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

async fn greet(mut stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(greeting) = shared.answer(Stage::Connect, "", "220 localhost ESMTP").await else {
        return;
    };
    if stream.write_all(format!("{greeting}\r\n").as_bytes()).await.is_err() {
        return;
    }
    if talk(&mut stream, false, &shared).await
        && let Ok(mut secure) = acceptor.accept(stream).await
    {
        talk(&mut secure, true, &shared).await;
    }
}

/// Talks until the end; true when TLS is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    tls: bool,
    shared: &Shared,
) -> bool {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read);
    let (mut recipient, mut login) = (String::new(), None);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        let answer = match verb.to_uppercase().as_str() {
            "EHLO" if tls => {
                shared
                    .answer(Stage::Hello, "", "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN")
                    .await
            }
            "EHLO" => shared.answer(Stage::Hello, "", "250-localhost\r\n250 STARTTLS").await,
            "STARTTLS" => {
                let _ = write.write_all(b"220 go\r\n").await;
                return true;
            }
            "AUTH" => {
                login = rest.split(' ').next_back().map(str::to_owned);
                Ok("235 fine")
            }
            "MAIL" => shared.answer(Stage::Mail, "", "250 fine").await,
            "RCPT" => {
                recipient = rest.trim_start_matches(" TO:<").trim_end_matches('>').to_owned();
                shared.named.lock().unwrap().push(recipient.clone());
                shared.answer(Stage::Recipient, &recipient, "250 fine").await
            }
            "DATA" => match shared.answer(Stage::Data, &recipient, "354 go").await {
                Ok("354 go") => {
                    let _ = write.write_all(b"354 go\r\n").await;
                    let Some(data) = read_data(&mut lines).await else { return false };
                    take(shared, &recipient, data, tls, login.clone()).await
                }
                other => other,
            },
            "QUIT" => {
                let _ = write.write_all(b"221 bye\r\n").await;
                return false;
            }
            _ => Ok("250 fine"),
        };
        let Ok(answer) = answer else { return false };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return false;
        }
    }
}

/// A whole message: it counts before it is answered, as with a real server.
async fn take(
    shared: &Shared,
    recipient: &str,
    data: Vec<u8>,
    tls: bool,
    login: Option<String>,
) -> Result<&'static str, ()> {
    let number = {
        let mut received = shared.received.lock().unwrap();
        let (recipient, at) = (recipient.to_owned(), Instant::now());
        received.push(Received { recipient, data, tls, login, taken: true, at });
        received.len() - 1
    };
    let answer = shared.answer(Stage::Content, recipient, "250 taken").await;
    if answer.is_ok_and(|a| !a.starts_with('2')) {
        shared.received.lock().unwrap()[number].taken = false;
    }
    answer
}

/// The lines up to the single dot; none where the connection ended before it.
async fn read_data<R: AsyncRead + Unpin>(lines: &mut BufReader<R>) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(data);
        }
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
