//! `gazetted digest --preview`: a digest as it would be sent now.

use super::output::print;
use super::{Failure, Shell, block_on};

#[derive(clap::Args)]
pub struct Arguments {
    /// The form to show it in
    #[arg(long, value_enum, default_value = "text")]
    preview: Form,
    /// Which digest, by name; all where none is named
    name: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Form {
    /// The text part
    Text,
    /// The HTML part
    Html,
    /// The whole message to the first reader
    Eml,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let cycle = shell.cycle()?;
    block_on(async {
        let digests: Vec<_> = cycle
            .config()
            .digests
            .iter()
            .filter(|d| arguments.name.as_ref().is_none_or(|n| *n == d.subscription.name))
            .collect();
        if digests.is_empty() {
            return Err(Failure::Failed("no digest of that name is configured".into()));
        }
        for digest in digests {
            let Some(result) = cycle.preview(digest).await? else {
                shell.say(&format!("digest \"{}\": nothing new", digest.subscription.name));
                continue;
            };
            match arguments.preview {
                Form::Text => print(&result.text)?,
                Form::Html => print(&result.html)?,
                Form::Eml => {
                    let reader =
                        digest.subscription.to.first().map_or("reader@localhost", String::as_str);
                    let message = cycle
                        .message(&result, reader, cycle.now())
                        .map_err(|e| Failure::Failed(e.to_string()))?;
                    print(&String::from_utf8_lossy(&message.bytes))?;
                }
            }
        }
        Ok(())
    })
}
