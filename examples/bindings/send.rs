// SPDX-License-Identifier: MIT
//! Send a mail with an attachment that is read from a stream of Rust, without
//! a crate: whatever has the trait Read is a source.
//!
//! rustc send.rs -L DIR-OF-LIBSMTP
//! usage: send url user from to... < attachment
//! SMTP_PASSWORD, SMTP_CA_FILE. Prints a row for each recipient: its address,
//! status, code and words.
use std::ffi::{CStr, CString};
use std::io::Read;
use std::os::raw::{c_char, c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::{env, process, ptr, slice};

#[repr(C)]
struct Opaque([u8; 0]);
type P = *mut Opaque;
type S = *const c_char;
type ReadFn = extern "C" fn(*mut c_void, *mut u8, usize) -> isize;
type CloseFn = extern "C" fn(*mut c_void);

#[link(name = "smtp")]
extern "C" {
    fn smtp_options_new() -> P;
    fn smtp_options_set(options: P, name: S, value: S) -> c_int;
    fn smtp_options_free(options: P);
    fn smtp_open(smtp: *mut P, url: S, options: P) -> c_int;
    fn smtp_auth(smtp: P, user: S, password: S) -> c_int;
    fn smtp_send(smtp: P, message: P) -> c_int;
    fn smtp_close(smtp: P) -> c_int;
    fn smtp_error(smtp: P) -> S;
    fn smtp_status_name(status: c_int) -> S;
    fn smtp_message_new() -> P;
    fn smtp_message_free(message: P);
    fn smtp_message_set_from(message: P, address: S) -> c_int;
    fn smtp_message_add_to(message: P, address: S) -> c_int;
    fn smtp_message_set_subject(message: P, subject: S) -> c_int;
    fn smtp_message_set_text(message: P, text: S) -> c_int;
    fn smtp_message_attach(message: P, source: P, kind: S, name: S) -> c_int;
    fn smtp_source_callback(
        read: ReadFn,
        rewind: Option<extern "C" fn(*mut c_void) -> c_int>,
        close: Option<CloseFn>,
        ctx: *mut c_void,
        size: u64,
    ) -> P;
    fn smtp_message_recipient_count(message: P) -> usize;
    fn smtp_message_recipient_address(message: P, i: usize) -> S;
    fn smtp_message_recipient_status(message: P, i: usize) -> c_int;
    fn smtp_message_recipient_code(message: P, i: usize) -> c_int;
    fn smtp_message_recipient_text(message: P, i: usize) -> S;
}
const FAILED: isize = -2; // SMTP_SOURCE_FAILED
const SIZE_UNKNOWN: u64 = u64::MAX; // SMTP_SIZE_UNKNOWN

// A panic must not go through frames of C.
extern "C" fn read<R: Read>(ctx: *mut c_void, p: *mut u8, n: usize) -> isize {
    let stream = unsafe { &mut *(ctx as *mut R) };
    let room = unsafe { slice::from_raw_parts_mut(p, n) };
    match catch_unwind(AssertUnwindSafe(|| stream.read(room))) {
        Ok(Ok(n)) => n as isize,
        _ => FAILED,
    }
}

extern "C" fn close<R>(ctx: *mut c_void) {
    drop(unsafe { Box::from_raw(ctx as *mut R) });
}

// The stream belongs to the source, and the source to its message.
fn source<R: Read>(stream: R) -> P {
    let ctx = Box::into_raw(Box::new(stream)) as *mut c_void;
    unsafe {
        smtp_source_callback(read::<R>, None, Some(close::<R>), ctx,
            SIZE_UNKNOWN)
    }
}

fn c(text: &str) -> CString {
    CString::new(text).expect("a NUL in an argument")
}

fn text(words: S) -> String {
    unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
}

fn main() {
    let args: Vec<CString> = env::args().skip(1).map(|a| c(&a)).collect();
    let secret = env::var("SMTP_PASSWORD").map(|v| c(&v)).ok();
    let ca = env::var("SMTP_CA_FILE").map(|v| c(&v)).ok();
    let or_null = |v: &Option<CString>| {
        v.as_ref().map_or(ptr::null(), |v| v.as_ptr())
    };
    let mut smtp: P = ptr::null_mut();
    let rc = unsafe {
        let options = smtp_options_new();
        smtp_options_set(options, c("ca-file").as_ptr(), or_null(&ca));
        let message = smtp_message_new();
        smtp_message_set_from(message, args[2].as_ptr());
        for to in &args[3..] {
            smtp_message_add_to(message, to.as_ptr());
        }
        smtp_message_set_subject(message, c("Grüße aus Rust").as_ptr());
        smtp_message_set_text(message, c("Attached.\n").as_ptr());
        smtp_message_attach(message, source(std::io::stdin()), ptr::null(),
            c("stream.bin").as_ptr());
        let mut rc = smtp_open(&mut smtp, args[0].as_ptr(), options);
        smtp_options_free(options);
        if rc == 0 {
            rc = smtp_auth(smtp, args[1].as_ptr(), or_null(&secret));
        }
        if rc == 0 {
            rc = smtp_send(smtp, message);
        }
        if rc != 0 {
            eprintln!("send: {}", text(smtp_error(smtp)));
        }
        for i in 0..smtp_message_recipient_count(message) {
            println!("{} {} {} {}",
                text(smtp_message_recipient_address(message, i)),
                text(smtp_status_name(
                    smtp_message_recipient_status(message, i))),
                smtp_message_recipient_code(message, i),
                text(smtp_message_recipient_text(message, i)));
        }
        smtp_close(smtp);
        smtp_message_free(message);
        rc
    };
    process::exit(if rc == 0 { 0 } else { 1 });
}
