//! Messages through a real SMTP server with TLS.

use std::time::Duration;

use chrono::{DateTime, Utc};
use gazetted::mail::{Mailer, Outgoing, build_message};
use gazetted::model::{
    Delivery, MailSettings, OutboxItem, OutboxState, PasswordSource, SmtpSecurity, Transport,
};

use crate::smtp::{Fault, SmtpServer, Stage};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn settings(transport: Transport) -> MailSettings {
    MailSettings {
        operator: None,
        unsubscribe: None,
        dkim: None,
        from_name: Some("gazetted".into()),
        from_address: "gazetted@example.org".into(),
        transport,
    }
}

fn item(recipient: &str) -> OutboxItem {
    let text = "Line\n.\n..two dots\nCafé";
    let outgoing = Outgoing {
        subscription: "s",
        recipient,
        subject: "Subject",
        text,
        html: "<p>x",
        date: now(),
        message_id: "<1@example.org>",
        corrects: &[],
    };
    let bytes =
        build_message(&settings(Transport::File { path: "x".into() }), None, &outgoing).unwrap();
    OutboxItem {
        id: 1,
        digest_id: 1,
        recipient: recipient.into(),
        sender: "gazetted@example.org".into(),
        message_id: "<1@example.org>".into(),
        bytes,
        state: OutboxState::Pending,
        attempts: 0,
        created: now(),
        refused_before: 0,
        next_attempt: now(),
    }
}

fn smtp(server: &SmtpServer, folder: &tempfile::TempDir, trusted: bool) -> Transport {
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &server.ca).unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "s3cret\n").unwrap();
    Transport::Smtp {
        host: "localhost".into(),
        port: server.port,
        security: SmtpSecurity::StartTls,
        credentials: Some(("user".into(), PasswordSource::File(password))),
        ca_file: trusted.then_some(ca),
        timeout: None,
    }
}

#[tokio::test]
async fn a_message_goes_through_tls_with_a_login_byte_for_byte() {
    let (server, folder) = (SmtpServer::start().await, tempfile::tempdir().unwrap());
    let mailer = Mailer::new(&settings(smtp(&server, &folder, true)), None).unwrap();
    let sent = item("reader@example.org");
    assert!(matches!(mailer.deliver(&sent).await, Delivery::Accepted(_)));
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert!(received[0].tls);
    // base64 of \0user\0s3cret
    assert_eq!(received[0].login.as_deref(), Some("AHVzZXIAczNjcmV0"));
    assert_eq!(
        String::from_utf8_lossy(&received[0].data).trim_end(),
        String::from_utf8_lossy(&sent.bytes).trim_end()
    );
}

/// A relay that is spoken to in the clear; no step takes longer than 400 ms.
fn relay(server: &SmtpServer) -> Mailer {
    let transport = Transport::Smtp {
        host: "localhost".into(),
        port: server.port,
        security: SmtpSecurity::None,
        credentials: None,
        ca_file: None,
        timeout: Some(Duration::from_millis(400)),
    };
    Mailer::new(&settings(transport), None).unwrap()
}

#[tokio::test]
async fn every_answer_has_its_meaning_at_every_stage() {
    let server = SmtpServer::start().await;
    let stall = Fault::Stall(Duration::from_secs(2));
    for (stage, fault, wanted) in [
        (Stage::Connect, Fault::Say("554 no service here"), "deferred"),
        (Stage::Connect, Fault::Say("421 too busy"), "deferred"),
        (Stage::Connect, Fault::Drop, "deferred"),
        (Stage::Connect, stall, "deferred"),
        (Stage::Hello, Fault::Say("550 who are you"), "deferred"),
        (Stage::Hello, Fault::Drop, "deferred"),
        (Stage::Hello, stall, "deferred"),
        // About the sender, not about the reader: somebody mends it, and the digest arrives.
        (Stage::Mail, Fault::Say("550 not from you"), "deferred"),
        (Stage::Mail, Fault::Say("451 later"), "deferred"),
        (Stage::Mail, Fault::Drop, "deferred"),
        (Stage::Mail, stall, "deferred"),
        (Stage::Recipient, Fault::Say("550 5.1.1 no such user"), "refused"),
        (Stage::Recipient, Fault::Say("552 too many recipients"), "deferred"),
        (Stage::Recipient, Fault::Say("450 greylisted"), "deferred"),
        (Stage::Recipient, Fault::Drop, "deferred"),
        (Stage::Recipient, stall, "deferred"),
        (Stage::Data, Fault::Say("554 no"), "refused"),
        (Stage::Data, Fault::Say("451 later"), "deferred"),
        (Stage::Data, Fault::Drop, "deferred"),
        (Stage::Data, stall, "deferred"),
        (Stage::Content, Fault::Say("554 5.7.1 spam"), "refused"),
        (Stage::Content, Fault::Say("452 disk full"), "deferred"),
        (Stage::Content, Fault::Drop, "unanswered"),
        (Stage::Content, stall, "unanswered"),
    ] {
        let mailer = relay(&server);
        server.mend();
        server.set(stage, None, fault);
        let (outcome, reason) = match mailer.deliver(&item("reader@example.org")).await {
            Delivery::Accepted(reason) => ("accepted", reason),
            Delivery::Refused(reason) => ("refused", reason),
            Delivery::Deferred(reason) => ("deferred", reason),
            Delivery::Unanswered(reason) => ("unanswered", reason),
        };
        assert_eq!(outcome, wanted, "{stage:?} {fault:?}: {reason}");
        server.mend();
        let next = mailer.deliver(&item("reader@example.org")).await;
        assert!(matches!(next, Delivery::Accepted(_)), "after {stage:?} {fault:?}: {next:?}");
    }
}

#[tokio::test]
async fn a_connection_serves_many_messages_and_a_lost_one_is_replaced() {
    let server = SmtpServer::start().await;
    let mailer = relay(&server);
    server.set(Stage::Recipient, Some("gone@example.org"), Fault::Say("550 no"));
    for (recipient, connections) in
        [("a@example.org", 1), ("gone@example.org", 1), ("b@example.org", 1)]
    {
        mailer.deliver(&item(recipient)).await;
        assert_eq!(server.connections(), connections, "{recipient}");
    }
    // The server hangs up on the connection that waited, and once more on the next.
    server.set(Stage::Mail, None, Fault::Drop);
    let lost = mailer.deliver(&item("a@example.org")).await;
    assert!(matches!(lost, Delivery::Deferred(_)), "{lost:?}");
    assert_eq!(server.connections(), 2);
    server.mend();
    assert!(matches!(mailer.deliver(&item("a@example.org")).await, Delivery::Accepted(_)));
    mailer.close().await;
    assert!(matches!(mailer.deliver(&item("a@example.org")).await, Delivery::Accepted(_)));
    assert_eq!(server.connections(), 4, "after a goodbye there is a new one");
}

#[tokio::test]
async fn a_server_that_is_not_who_it_says_gets_nothing() {
    let (server, folder) = (SmtpServer::start().await, tempfile::tempdir().unwrap());
    let mailer = Mailer::new(&settings(smtp(&server, &folder, false)), None).unwrap();
    let outcome = mailer.deliver(&item("reader@example.org")).await;
    assert!(matches!(outcome, Delivery::Deferred(_)), "{outcome:?}");
    assert!(server.received().is_empty());
    let closed = Transport::Smtp {
        host: "localhost".into(),
        port: 1,
        security: SmtpSecurity::None,
        credentials: None,
        ca_file: None,
        timeout: None,
    };
    assert!(matches!(
        Mailer::new(&settings(closed), None).unwrap().deliver(&item("a@example.org")).await,
        Delivery::Deferred(_)
    ));
}

#[tokio::test]
async fn a_credential_of_systemd_is_found_and_a_missing_one_waits() {
    let (server, folder) = (SmtpServer::start().await, tempfile::tempdir().unwrap());
    let Transport::Smtp { host, port, security, ca_file, .. } = smtp(&server, &folder, true) else {
        unreachable!()
    };
    let transport = Transport::Smtp {
        host,
        port,
        security,
        ca_file,
        timeout: None,
        credentials: Some(("user".into(), PasswordSource::File("".into()))),
    };
    std::fs::write(folder.path().join("smtp-password"), "s3cret").unwrap();
    let found = Mailer::new(&settings(transport.clone()), Some(folder.path())).unwrap();
    assert!(matches!(found.deliver(&item("reader@example.org")).await, Delivery::Accepted(_)));
    let missing = Mailer::new(&settings(transport), None).unwrap();
    assert!(matches!(missing.deliver(&item("reader@example.org")).await, Delivery::Deferred(_)));
}

#[tokio::test]
async fn a_file_is_written_once_for_a_message_and_sendmail_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        Mailer::new(&settings(Transport::File { path: folder.path().join("out") }), None).unwrap();
    let message = item("reader@example.org");
    for _ in 0..2 {
        assert!(matches!(file.deliver(&message).await, Delivery::Accepted(_)));
    }
    let written: Vec<_> =
        std::fs::read_dir(folder.path().join("out")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(written.len(), 1);
    assert_eq!(std::fs::read(&written[0]).unwrap(), message.bytes);
    for (command, accepted) in [("/bin/true", true), ("/bin/false", false), ("/nonexistent", false)]
    {
        let mailer =
            Mailer::new(&settings(Transport::Sendmail { command: command.into() }), None).unwrap();
        assert_eq!(
            matches!(mailer.deliver(&item("reader@example.org")).await, Delivery::Accepted(_)),
            accepted,
            "{command}"
        );
    }
}
