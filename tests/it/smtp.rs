//! A real SMTP server in the test's process: EHLO, STARTTLS, AUTH PLAIN, dot-stuffing, and faults
//! that the recipient's name asks for.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a connection was told.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub recipient: String,
    pub data: Vec<u8>,
    pub tls: bool,
    pub login: Option<String>,
}

/// The server; it ends with the test.
pub struct SmtpServer {
    pub port: u16,
    /// The authority that signed its certificate, as PEM.
    pub ca: String,
    received: Arc<Mutex<Vec<Received>>>,
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
            received: Arc::default(),
        };
        let received = Arc::clone(&server.received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, received) = (acceptor.clone(), Arc::clone(&received));
                tokio::spawn(async move { greet(stream, acceptor, received).await });
            }
        });
        server
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn greet(mut stream: TcpStream, acceptor: TlsAcceptor, received: Arc<Mutex<Vec<Received>>>) {
    if stream.write_all(b"220 localhost ESMTP\r\n").await.is_err() {
        return;
    }
    if talk(&mut stream, false, &received).await
        && let Ok(mut secure) = acceptor.accept(stream).await
    {
        talk(&mut secure, true, &received).await;
    }
}

/// Talks until the end; true when TLS is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    tls: bool,
    received: &Mutex<Vec<Received>>,
) -> bool {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read);
    let mut mail = Received { tls, ..Received::default() };
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let (verb, rest) =
            line.trim_end().split_at(line.trim_end().find(' ').unwrap_or(line.trim_end().len()));
        let answer = match verb.to_uppercase().as_str() {
            "EHLO" if tls => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            "EHLO" => "250-localhost\r\n250 STARTTLS\r\n",
            "STARTTLS" => {
                let _ = write.write_all(b"220 go\r\n").await;
                return true;
            }
            "AUTH" => {
                mail.login = rest.split(' ').next_back().map(str::to_owned);
                "235 fine\r\n"
            }
            "RCPT" => {
                mail.recipient = rest.to_owned();
                match () {
                    () if rest.contains("nouser@") => "550 no such user\r\n",
                    () if rest.contains("later@") => "451 try later\r\n",
                    () => "250 fine\r\n",
                }
            }
            "DATA" => {
                let _ = write.write_all(b"354 go\r\n").await;
                mail.data = read_data(&mut lines).await;
                received.lock().unwrap().push(mail.clone());
                if mail.recipient.contains("drop@") {
                    return false;
                }
                "250 taken\r\n"
            }
            "QUIT" => {
                let _ = write.write_all(b"221 bye\r\n").await;
                return false;
            }
            _ => "250 fine\r\n",
        };
        if write.write_all(answer.as_bytes()).await.is_err() {
            return false;
        }
    }
}

async fn read_data<R: AsyncRead + Unpin>(lines: &mut BufReader<R>) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 || line == b".\r\n" {
            return data;
        }
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
