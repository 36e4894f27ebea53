// SPDX-License-Identifier: MIT
//! Send a mail with an attachment that is read from a stream of Rust, without
//! a crate: whatever has the trait Read will do. Nobody is called back.
//!
//! usage: send url user from to... < attachment
//! SMTP_PASSWORD, SMTP_CA_FILE. Built by: rustc send.rs -L DIR-OF-LIBSMTP
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int, c_void};
use std::{env, io, io::Read, ptr};

type P = *mut c_void;
type S = *const c_char;
#[link(name = "smtp")]
extern "C" {
    fn smtp_open(smtp: *mut P, url: S, options: P) -> c_int;
    fn smtp_auth(smtp: P, user: S, password: S) -> c_int;
    fn smtp_send(smtp: P, message: P) -> c_int;
    fn smtp_step(smtp: P) -> c_int;
    fn smtp_close(smtp: P) -> c_int;
    fn smtp_error(smtp: P) -> S;
    fn smtp_options_new() -> P;
    fn smtp_options_set(options: P, name: S, value: S) -> c_int;
    fn smtp_options_free(options: P);
    fn smtp_message_new() -> P;
    fn smtp_message_set(message: P, name: S, value: S) -> c_int;
    fn smtp_message_attach(message: P, source: P, kind: S, name: S) -> c_int;
    fn smtp_message_rows(message: P) -> S;
    fn smtp_message_free(message: P);
    fn smtp_source_given(size: u64) -> P;
    fn smtp_give(source: P, p: *const u8, n: usize) -> c_int;
}

fn c(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).expect("a NUL in an argument")
}

fn main() -> Result<(), String> {
    let args: Vec<String> = env::args().skip(1).collect();
    let env = |name| c(env::var(name).unwrap_or_default());
    let said = |words| unsafe { CStr::from_ptr(words) }.to_string_lossy();
    let (mut stream, mut room) = (io::stdin(), vec![0; 65536]);
    let (url, to, file) = (c(&*args[0]), args[3..].join(", "), c("stream.bin"));
    let (user, password) = (c(&*args[1]), env("SMTP_PASSWORD"));
    let (option, ca) = (c("ca-file"), env("SMTP_CA_FILE"));
    let mut smtp = ptr::null_mut();
    unsafe {
        let (options, message) = (smtp_options_new(), smtp_message_new());
        let source = smtp_source_given(u64::MAX); // SMTP_SIZE_UNKNOWN
        smtp_options_set(options, option.as_ptr(), ca.as_ptr());
        for (name, value) in [("From", &*args[2]), ("To", &*to),
            ("Subject", "Grüße aus Rust"), ("text", "Hello.")] {
            smtp_message_set(message, c(name).as_ptr(), c(value).as_ptr());
        }
        smtp_message_attach(message, source, ptr::null(), file.as_ptr());
        let mut rc = smtp_open(&mut smtp, url.as_ptr(), options);
        if rc == 0 {
            rc = smtp_auth(smtp, user.as_ptr(), password.as_ptr());
        }
        rc = if rc < 0 { rc } else { smtp_send(smtp, message) };
        while rc > 0 {
            match stream.read(&mut room) { // lent until it is asked for again
                Ok(n) => smtp_give(source, room.as_ptr(), n),
                Err(error) => {
                    eprintln!("{}", error);
                    smtp_give(source, ptr::null(), 0)
                }
            };
            rc = smtp_step(smtp);
        }
        print!("{}", said(smtp_message_rows(message)));
        let why = said(smtp_error(smtp)).into_owned();
        smtp_close(smtp);
        smtp_message_free(message);
        smtp_options_free(options);
        if rc == 0 { Ok(()) } else { Err(why) }
    }
}
