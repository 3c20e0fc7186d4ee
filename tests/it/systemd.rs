//! The unit, as systemd reads it.

use std::process::Command;

fn analyze(arguments: &[&str]) -> Option<std::process::Output> {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: systemd-analyze is not on this machine (.ci/run installs it)");
        return None;
    }
    Some(Command::new("systemd-analyze").args(arguments).output().unwrap())
}

fn unit() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../systemd/gazetted.service")
        .replace("/usr/bin/gazetted", env!("CARGO_BIN_EXE_gazetted"));
    let path = folder.path().join("gazetted.service");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn the_unit_is_valid() {
    let (_folder, path) = unit();
    let Some(output) = analyze(&["verify", &path]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("gazetted.service"), "{said}");
}

#[test]
fn the_unit_is_hardened() {
    let (_folder, path) = unit();
    let Some(output) = analyze(&["security", "--offline=true", "--threshold=15", &path]) else {
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
