//! Files made to do harm. Each must give a typed error, soon, within the memory that the readers promise.
//!
//! This is a program of its own, because its allocator counts: what a file makes the readers reserve, and
//! not only what they use, is compared with [`MAX_PAYLOAD`].

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use cap::Cap;
use mnist::archive::unpacked;
use mnist::pickle::{MAX_OPCODES, MAX_PAYLOAD};
use mnist::{Fault, Set, idx, pickle};
use rand::{RngExt, SeedableRng};
use std::alloc::System;
use std::io::Read;
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Beside the arrays: buffers, instructions and what is made of them.
const BESIDE: usize = 32 << 20;

/// One test, since the memory that another one uses would count here.
#[test]
fn hostile_files() {
    for (name, bytes) in pickles() {
        let fault = survive(name, || pickle::parse(&mut &bytes[..]));
        println!("{name}: {fault}");
    }
    for (name, x, y) in idx_files() {
        let fault = survive(name, || idx::parse(&mut &x[..], &mut &y[..]));
        println!("{name}: {fault}");
    }
    for (name, bytes) in archives() {
        let fault = survive(name, || pickle::parse(&mut unpacked(&bytes[..]).unwrap()));
        println!("{name}: {fault}");
    }
    random_pickles();
}

fn survive(name: &str, parse: impl FnOnce() -> Result<(Set, Set), Fault>) -> Fault {
    let (before, start) = (MEMORY.allocated(), Instant::now());
    MEMORY.set_limit(before + MAX_PAYLOAD as usize + BESIDE).unwrap();
    let result = parse();
    MEMORY.set_limit(usize::MAX).unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "{name} took {:?}", start.elapsed());
    match result {
        Err(fault) => {
            assert!(
                fault.to_string().len() < 1000,
                "{name} floods the terminal: {} bytes",
                fault.to_string().len()
            );
            fault
        }
        Ok(_) => panic!("{name} was read as a data set"),
    }
}

/// A pickle of protocol 4 with this in it.
fn program(parts: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x04", &parts.concat()[..]].concat()
}

fn pickles() -> Vec<(&'static str, Vec<u8>)> {
    let many = |byte: u8, n: usize| vec![byte; n];
    vec![
        ("os.system, protocol 0", b"cos\nsystem\n(S'echo harm'\ntR.".to_vec()),
        ("os.system, protocol 2", b"\x80\x02cos\nsystem\nq\0X\x04\0\0\0echoq\x01\x85q\x02Rq\x03.".to_vec()),
        ("os.system, protocol 4", program(&[b"\x8c\x05posix\x94\x8c\x06system\x94\x93\x94."])),
        ("os.system, long text", program(&[b"X\x05\0\0\0posixX\x06\0\0\0system\x93."])),
        ("eval below numpy", b"\x80\x02cnumpy\neval\n.".to_vec()),
        ("numpy.load", b"\x80\x02cnumpy\nload\nX\x01\0\0\0x\x85R.".to_vec()),
        ("escape sequences in a name", b"\x80\x02c\x1b[2J\x07\nnumpy\n.".to_vec()),
        ("names of 255 unreadable bytes", program(&[b"c", &many(0xdd, 255), b"\n", &many(0, 255), b"\n."])),
        ("a name without end", program(&[b"c", &many(b'a', 10_000_000)])),
        ("extension registry", program(&[b"\x82\x01."])),
        ("persistent id", program(&[b"Pfile\n."])),
        ("instance", program(&[b"(ios\nsystem\n."])),
        ("4 GB of bytes", program(&[b"B\xff\xff\xff\xff"])),
        ("2^64 bytes", program(&[b"\x8e", &many(0xff, 8)])),
        ("2^63 bytes of text", program(&[b"\x8d", &[0; 7], &[0x80]])),
        ("2^62 bytes of bytearray", program(&[b"\x96", &[0; 7], &[0x40]])),
        ("negative length", b"\x80\x02T\xff\xff\xff\xff.".to_vec()),
        ("all of the limit, and nothing there", program(&[b"\x8e", &MAX_PAYLOAD.to_le_bytes()])),
        ("just below the limit, six times", program(&[&b"B\xf0\xff\xff\x0f"[..]; 6])),
        ("a large integer", program(&[b"\x8b\xff\xff\xff\x7f"])),
        ("an integer of 255 bytes", program(&[b"\x8a\xff", &many(1, 255)])),
        ("a decimal of a million digits", program(&[b"L", &many(b'7', 1_000_000), b"L\n."])),
        ("marks", program(&[&many(b'(', 5_000_000)])),
        ("as many marks as allowed", program(&[&many(b'(', MAX_OPCODES as usize - 1), b"."])),
        ("nested tuples", program(&[b"N", &many(0x85, 5_000_000), b"."])),
        ("as nested as allowed", program(&[b"N", &many(0x85, MAX_OPCODES as usize - 2), b"."])),
        ("nested and referred to", program(&[b"N", &[0x85, 0x94].repeat(450), b"."])),
        ("a list in itself", program(&[b"]\x94h\x00a."])),
        ("a tuple in itself through a list", program(&[b"]\x94h\x00\x85\x94ah\x01."])),
        ("a thousand laughs", laughs()),
        ("copies of copies", program(&[b"]\x94K\x01a", &b"2a".repeat(40), b"."])),
        ("calls that copy", calls()),
        (
            "copies of what is kept",
            program(&[b"(", &b"cnumpy\ndtype\n".repeat(490), b"t\x94", &b"h\0\x94".repeat(240), b"."]),
        ),
        ("fetching what was never kept", program(&[b"h\x07."])),
        ("keeping nothing", program(&[b"\x94."])),
        (
            "far numbers to keep under",
            program(&[b"Nr\xff\xff\xff\xffNr\xff\xff\xff\xfej\xff\xff\xff\xff\x86."]),
        ),
        ("an empty stack", program(&[b"."])),
        ("only pops", program(&[&many(b'0', 100)])),
        ("appending to a number", program(&[b"K\x01K\x02a."])),
        ("appending to a long tuple", program(&[b"(", &many(b'N', 900), b"tK\x02a."])),
        ("appending to long text", program(&[b"B\0\0\x10\0", &many(0, 1 << 20), b"K\x02a."])),
        ("a bad code for text", program(&[b"X\x02\0\0\0\xff\xfe."])),
        ("text that is no bytes", program(&["X\x04\0\0\0€\x7f.".as_bytes()])),
        ("protocol 255", b"\x80\xff.".to_vec()),
        ("nothing", vec![]),
        ("a huge shape", array(&[b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"], b"f4")),
        ("a shape of 2^63", array(&[b"\x8a\x08\0\0\0\0\0\0\0\x80M\x10\x03\x86"], b"f4")),
        ("a negative shape", array(&[b"J\xff\xff\xff\xffM\x10\x03\x86"], b"f4")),
        ("a shape that overflows", array(&[b"\x8a\x08\0\0\0\0\0\0\0\x40M\x10\x03\x86"], b"f4")),
        ("no shape", array(&[b"N"], b"f4")),
        ("objects", array(&[b"K\x0aM\x10\x03\x86"], b"O8")),
        ("bytes used twice", twice()),
        ("two images and 200 million labels", many_labels()),
    ]
}

/// Thirty tuples, each holding the one before ten times.
fn laughs() -> Vec<u8> {
    let level = |i: u8| [b"(", &[b'h', i].repeat(10)[..], b"t\x94"].concat();
    let levels: Vec<u8> = (0..30).flat_map(level).collect();
    program(&[b"N\x94", &levels, b"."])
}

/// The same through calls.
fn calls() -> Vec<u8> {
    let level = |i: u8| [b"cnumpy\ndtype\n(", &[b'h', i].repeat(10)[..], b"tR\x94"].concat();
    let levels: Vec<u8> = (0..30).flat_map(level).collect();
    program(&[b"N\x94", &levels, b"."])
}

/// `((array, array), (array, array), (array, array))` with that shape and type, all the same one.
fn array(shape: &[&[u8]], code: &[u8]) -> Vec<u8> {
    program(&[&numbers(&shape.concat(), code, &[0; 40]), b"\x94h\0\x86\x94h\x01h\x01\x87."])
}

/// Two images and 200 million labels: their number is compared before they are decoded.
fn many_labels() -> Vec<u8> {
    let images = numbers(b"K\x02M\x10\x03\x86", b"f4", &[0; 2 * 784 * 4]);
    let labels = numbers(b"J\0\xc2\xeb\x0b\x85", b"i1", &vec![0; 200_000_000]);
    program(&[&images, &labels, b"\x86\x94h\0h\0\x87."])
}

/// An array of that shape and type.
fn numbers(shape: &[u8], code: &[u8], bytes: &[u8]) -> Vec<u8> {
    let dtype = [
        b"cnumpy\ndtype\n\x8c\x02",
        code,
        b"\x89\x88\x87R(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb",
    ];
    [
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01",
        shape,
        &dtype.concat(),
        b"\x89B",
        &u32::try_from(bytes.len()).unwrap().to_le_bytes(),
        bytes,
        b"tb",
    ]
    .concat()
}

fn twice() -> Vec<u8> {
    array(&[b"K\x0a\x85"], b"f4")
}

fn idx_files() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let head = |magic: u32, sizes: &[u32]| {
        [magic].iter().chain(sizes).flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>()
    };
    let labels = [head(0x801, &[6]), vec![0; 6]].concat();
    vec![
        ("four billion images", head(0x803, &[u32::MAX, 28, 28]), labels.clone()),
        ("images of four billion rows", head(0x803, &[6, u32::MAX, 28]), labels.clone()),
        ("images of 2^62 pixels", head(0x803, &[6, 1 << 31, 1 << 31]), labels.clone()),
        ("as many images as allowed, and nothing there", head(0x803, &[70_000, 28, 28]), labels.clone()),
        ("images without pixels", head(0x803, &[6, 0, 0]), labels.clone()),
        ("no image", head(0x803, &[0, 28, 28]), head(0x801, &[0])),
        (
            "five images, so none to validate with",
            [head(0x803, &[5, 28, 28]), vec![0; 5 * 784]].concat(),
            [head(0x801, &[5]), vec![0; 5]].concat(),
        ),
        (
            "four billion labels",
            [head(0x803, &[6, 28, 28]), vec![0; 6 * 784]].concat(),
            head(0x801, &[u32::MAX]),
        ),
        ("rank 255", head(0x8ff, &[1; 255]), labels),
    ]
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = gzip(std::io::repeat(0).take(1 << 30));
    let bomb = |head: &[u8]| [gzip(head), zeros.clone()].concat();
    vec![
        ("a gigabyte of zeros", zeros.clone()),
        ("a gigabyte in a string", bomb(b"\x80\x04\x8e\0\0\0\x40\0\0\0\0")),
        ("a gigabyte of text in allowed portions", bomb(&[b"\x80\x04", &b"B\0\0\0\x08"[..]].concat())),
        ("a gigabyte after the end", bomb(b"\x80\x04N.")),
        (
            "a line of a gigabyte",
            [gzip(&b"\x80\x04c"[..]), gzip(std::io::repeat(b'a').take(1 << 30))].concat(),
        ),
        (
            "a gigabyte of instructions",
            [gzip(&b"\x80\x04"[..]), gzip(std::io::repeat(b'N').take(1 << 30))].concat(),
        ),
        ("a hundred thousand empty members", gzip(&b""[..]).repeat(100_000)),
        (
            "a name without end in the head",
            [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0][..], &vec![b'a'; 50 << 20]].concat(),
        ),
        ("padding and rubbish", [gzip(&b"\x80\x04N."[..]), vec![0; 50 << 20], vec![1]].concat()),
        ("only the magic number", vec![0x1f, 0x8b]),
        (
            "a stored block that is not there",
            [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0][..], &[0, 0xff, 0xff, 0, 0]].concat(),
        ),
    ]
}

fn gzip(bytes: impl Read) -> Vec<u8> {
    let mut packed = vec![];
    let bytes = std::io::BufReader::new(bytes);
    flate2::bufread::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut packed).unwrap();
    packed
}

/// Programs of random instructions, most of them allowed ones: each must end.
fn random_pickles() {
    const LIKELY: &[u8] = b".(Rb)t\x85\x86\x87]laeNKqh\x88\x89\x94\x93\x8cUC";
    let mut rng = chacha20::ChaCha8Rng::seed_from_u64(5);
    for _ in 0..20_000 {
        let mut byte = || {
            let x: f32 = rng.random();
            let at = x * 2.0 * LIKELY.len() as f32;
            LIKELY.get(at as usize).copied().unwrap_or((x * 65_536.0) as u8)
        };
        let bytes = program(&[&(0..60).map(|_| byte()).collect::<Vec<u8>>()]);
        assert!(pickle::parse(&mut &bytes[..]).is_err());
    }
}
