//! The readers of foreign bytes: for any bytes they return, do not panic, and take no more memory than they promise.
//!
//! Each function here is a fuzz target: it takes bytes and panics if a promise is broken. The programs in
//! `targets` hand them to libFuzzer, which looks for inputs that reach new code; `tests/corpora.rs` drives them
//! on stable with the inputs in `corpus` and some changes of each.
//!
//! | target | bytes | promise |
//! |---|---|---|
//! | [`pickle`] | an unpacked pickle | [`READ`] times the input and [`BESIDE`] |
//! | [`idx`] | a length, that many bytes of labels, and images | the same |
//! | [`gzip`] | an archive, or not | [`BUFFERS`], however long what comes out of it is |
//! | [`einsum`] | shapes, then subscripts | [`WORK`] times the operands and the loops, and [`TEXT`] |
//!
//! ```sh
//! cargo +nightly fuzz run pickle -- -max_total_time=1200   # in the workspace's root, after `cargo install cargo-fuzz`
//! cargo run --bin pickle -- FILE                           # here: one input, on stable, under a debugger if need be
//! ```

mod shapes;

/// The plain loops that einsum is compared with, from its own tests.
#[path = "../../lib/einsum/tests/main/common/loops.rs"]
mod einsum_loops;

use einsum::{einsum as sum, einsum_explain, ndarray::ArrayViewD};
use mnist::{Fault, Set, archive::unpacked, idx as idx_files, pickle as pickles};
use nb00_testing::test_near;
use shapes::Call;
use std::io::Read;

/// How many bytes of memory the readers take for a byte that they read, at most.
pub const READ: u64 = 20;

/// What the readers take besides: buffers, instructions, and the values that they make.
pub const BESIDE: u64 = 4 << 20;

/// What unpacking takes: the decoder's window and state, and the buffer of what it unpacked.
pub const BUFFERS: u64 = 256 << 10;

/// How many bytes of memory `einsum` takes for an element of an operand or a turn of its innermost loop, at most.
pub const WORK: u64 = 64;

/// What an error, a plan or an explanation takes.
pub const TEXT: u64 = 64 << 10;

/// `mnist::pickle::parse`.
pub fn pickle(bytes: &[u8]) {
    let read = || check(pickles::parse(&mut &*bytes));
    within(READ * bytes.len() as u64 + BESIDE, read);
}

/// `mnist::idx::parse`. The first byte says how many of the next ones are the file with the labels.
pub fn idx(bytes: &[u8]) {
    let Some((&len, files)) = bytes.split_first() else { return };
    let (mut labels, mut images) = files.split_at(files.len().min(len.into()));
    let read = || check(idx_files::parse(&mut images, &mut labels));
    within(READ * bytes.len() as u64 + BESIDE, read);
}

/// `mnist::archive::unpacked`, read to its end or to its first error.
pub fn gzip(bytes: &[u8]) {
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    let read = || {
        let mut source = unpacked(bytes).expect("a slice can be read");
        let mut buffer = [0; 1000];
        let mut at = 0;
        while let Ok(len @ 1..) = source.read(&mut buffer) {
            assert!(
                packed || bytes[at..].starts_with(&buffer[..len]),
                "what is not packed comes back as it is"
            );
            at += len;
        }
        assert!(packed || at == bytes.len(), "and all of it");
    };
    within(BUFFERS, read);
}

/// `einsum` and `einsum_explain`, which agree with each other and with the plain loops.
pub fn einsum(bytes: &[u8]) {
    let call = Call::new(bytes);
    let shapes: Vec<&[usize]> = call.shapes.iter().map(Vec::as_slice).collect();
    let explained = within(TEXT, || einsum_explain(&call.subscripts, &shapes));
    let Some(operands) = call.operands() else { return };
    let views: Vec<ArrayViewD<'_, f64>> = operands.iter().map(|operand| operand.view()).collect();
    let result = within(TEXT + WORK * call.loops(), || sum(&call.subscripts, &views));
    assert_eq!(explained.err(), result.as_ref().err().cloned(), "{call:?}");
    if let Ok(result) = result
        && call.is_plain()
    {
        test_near(&result, &einsum_loops::loops(&call.subscripts, &operands));
    }
}

/// A data set holds what it says; a fault's message is of a length that can be read.
fn check(result: Result<(Set, Set), Fault>) {
    match result {
        Err(fault) => assert!(fault.to_string().len() < 1000, "it floods the terminal: {fault}"),
        Ok((train, valid)) => [train, valid].into_iter().for_each(check_set),
    }
}

fn check_set(set: Set) {
    assert!(Set::new(set.x, set.y).is_ok(), "images (n, 784) from 0 to 1 and as many labels from 0 to 9");
}

/// Fails if `run` has more than `limit` bytes of memory at any moment.
fn within<T>(limit: u64, run: impl FnOnce() -> T) -> T {
    let mut result = None;
    let most = allocation_counter::measure(|| result = Some(run())).bytes_max;
    assert!(most <= limit, "it took {most} bytes of memory, where {limit} are promised");
    result.expect("measure() runs it")
}

/// Drives a target with the files that the command line names.
///
/// # Panics
/// If a file cannot be read, or a promise is broken.
pub fn replay(target: fn(&[u8])) {
    for file in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        target(&bytes);
        println!("{}: kept", file.display());
    }
}

/// The program of a target: libFuzzer's under `cargo fuzz`, else one that reads the files it is given.
#[macro_export]
macro_rules! program {
    ($target:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $target(bytes));

        #[cfg(not(fuzzing))]
        fn main() {
            $crate::replay($target);
        }
    };
}
