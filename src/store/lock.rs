//! One writer: a lock file beside the database, held for as long as the process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::StoreError;

/// The lock; dropping it, or dying, releases it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a database.
    pub fn take(database: &Path) -> Result<Lock, StoreError> {
        let path = database.with_extension("lock");
        let failed = |e: std::io::Error| StoreError::Open {
            path: database.to_owned(),
            reason: format!("its lock {} cannot be taken: {e}", path.display()),
        };
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Best effort: the message is useful without the number too.
                let _ = file.read_to_string(&mut holder);
                return Err(StoreError::Locked {
                    path: database.to_owned(),
                    pid: holder.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Lock { _file: file })
    }
}
