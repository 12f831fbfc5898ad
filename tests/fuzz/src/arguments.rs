//! Command lines: arguments with a 0 byte between them.

use partita::cli;
use std::ffi::OsString;

pub fn run(data: &[u8]) {
    let arguments = data.split(|&byte| byte == 0).map(argument);
    let all = [OsString::from("partita")].into_iter().chain(arguments);
    if let Err(text) = cli::check(all) {
        assert!(!text.is_empty());
    }
}

#[cfg(unix)]
fn argument(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn argument(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
