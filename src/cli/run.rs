//! `gazetted run`: the daemon.

use super::{Failure, Shell, block_on};
use crate::daemon;

pub fn run(shell: &Shell) -> Result<(), Failure> {
    let cycle = shell.cycle()?;
    block_on(async {
        Ok(daemon::run(cycle, shell.environment.clone(), shell.credentials_directory.clone())
            .await?)
    })
}
