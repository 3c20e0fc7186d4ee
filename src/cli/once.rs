//! `gazetted once`: a whole cycle now.

use super::output::print;
use super::poll::{failed_part, poll_all, summary};
use super::{Failure, Shell, block_on};
use crate::model::Feed;

pub fn run(shell: &Shell) -> Result<(), Failure> {
    let cycle = shell.cycle()?;
    block_on(async {
        let feeds: Vec<Feed> =
            cycle.config().feeds.iter().filter(|f| f.enabled).map(|f| f.feed.clone()).collect();
        let results = poll_all(shell, &cycle, feeds).await?;
        shell.say(&summary(&results));
        let mut shown = String::new();
        for digest in &cycle.config().digests {
            let name = &digest.subscription.name;
            match cycle.compose(digest, None).await? {
                Some(result) => {
                    shell.say(&format!("digest \"{name}\": {}", result.digest.subject));
                    shown.push_str(&result.text);
                }
                None => shell.say(&format!("digest \"{name}\": nothing new, nothing sent")),
            }
        }
        let mail = cycle.deliver().await?;
        shell.say(&format!(
            "mail: {} sent, {} waiting, {} refused",
            mail.sent,
            mail.waiting.len(),
            mail.failed.len()
        ));
        print(&shown)?;
        let trouble: Vec<String> = mail.failed.into_iter().chain(mail.waiting).collect();
        if !trouble.is_empty() {
            return Err(Failure::Mail(format!(
                "mail could not be handed over; {}",
                trouble.join("; ")
            )));
        }
        failed_part(&results)
    })
}
