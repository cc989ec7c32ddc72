//! Looking at a failure without failing: what the panic said, and which line it blamed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// What a person would have seen.
pub(crate) struct Failure {
    pub(crate) message: String,
    /// The file's name and the line that the panic points at.
    pub(crate) place: (String, u32),
}

thread_local! {
    /// The last panic, on a thread that is inside [`failure`].
    static SEEN: RefCell<Option<Failure>> = const { RefCell::new(None) };
    static LISTENING: RefCell<bool> = const { RefCell::new(false) };
}

/// Calls `f`, which has to panic, and hands over the panic instead of printing it.
#[track_caller]
pub(crate) fn failure(f: impl FnOnce()) -> Failure {
    listen();
    LISTENING.set(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    LISTENING.set(false);
    assert!(result.is_err(), "this had to fail, and did not");
    SEEN.take().expect("the hook saw the panic")
}

/// Installs a hook that listens to the threads inside [`failure`] and leaves all others to the one before.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !LISTENING.with_borrow(|listening| *listening) {
                return before(panic);
            }
            let message = panic.payload_as_str().unwrap_or_default().to_string();
            let place = panic.location().map(|l| (l.file().to_string(), l.line())).unwrap_or_default();
            SEEN.set(Some(Failure { message, place }));
        }));
    });
}
