//! `gazetted run`: the daemon.

use super::{Failure, Shell, block_on_beside};
use crate::daemon;

pub fn run(shell: &Shell) -> Result<(), Failure> {
    let cycle = shell.cycle()?;
    block_on_beside(async {
        Ok(daemon::run(cycle, shell.environment.clone(), shell.credentials_directory.clone())
            .await?)
    })
}
