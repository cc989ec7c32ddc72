//! Pickles put together by hand, one instruction at a time: what the Pythons behind the fixtures do not write.

use mnist::{Fault, PIXELS, Set, pickle};

/// An array as protocol 2 writes it. `order` is `<` or `>`, and `shape` the instructions that push it.
fn array(shape: &[u8], code: &[u8], order: &[u8], bytes: &[u8]) -> Vec<u8> {
    let state = [b"(K\x03U\x01", order, b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t"].concat();
    array_with(shape, code, &state, bytes)
}

/// The same, with any instructions for the state of its dtype.
fn array_with(shape: &[u8], code: &[u8], state: &[u8], bytes: &[u8]) -> Vec<u8> {
    let dtype = [b"cnumpy\ndtype\nU\x02", code, b"K\0K\x01\x87R", state, b"b"].concat();
    let start = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01";
    let len = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [start, shape, &dtype, b"\x89T", &len, bytes, b"tb"].concat()
}

/// Two images, all zero but for their first pixels, `[0.5, 0.25]`.
fn images(order: &[u8]) -> Vec<u8> {
    let pixels = (0..2 * PIXELS).map(|i| if i == 0 { 0.5 } else { 0.25 * f32::from(i == PIXELS) });
    let number = |x: f32| if order == b"<" { x.to_le_bytes() } else { x.to_be_bytes() };
    array(b"K\x02M\x10\x03\x86", b"f4", order, &pixels.flat_map(number).collect::<Vec<u8>>())
}

fn labels() -> Vec<u8> {
    array(b"K\x02\x85", b"i1", b"|", &[7, 3])
}

/// Three sets, each of images and labels.
fn parse(sets: [[Vec<u8>; 2]; 3]) -> Result<(Set, Set), Fault> {
    let pairs = sets.map(|[x, y]| [x, y, b"\x86".to_vec()].concat());
    pickle::parse(&mut &[b"\x80\x02", &pairs.concat()[..], b"\x87."].concat()[..])
}

/// With such labels in the first set.
fn with_labels(labels_of_train: Vec<u8>) -> Result<(Set, Set), Fault> {
    parse([[images(b"<"), labels_of_train], [images(b"<"), labels()], [images(b"<"), labels()]])
}

fn check((train, valid): (Set, Set)) {
    for set in [train, valid] {
        assert_eq!((set.x[[0, 0]], set.x[[1, 0]], set.x.sum()), (0.5, 0.25, 0.75));
        assert_eq!(set.y.to_vec(), [7, 3]);
    }
}

#[test]
fn each_array_may_bring_its_own_dtype() {
    check(with_labels(labels()).unwrap());
}

#[test]
fn each_array_may_have_its_own_order_of_bytes() {
    check(parse([[images(b"<"), labels()], [images(b">"), labels()], [images(b"<"), labels()]]).unwrap());
}

#[test]
fn a_dtype_has_an_order() {
    for state in [&b"N"[..], b")", b"K\x03\x85", b"K\x03K\x03\x86"] {
        let fault = with_labels(array_with(b"K\x02\x85", b"i1", state, &[7, 3]));
        assert!(matches!(fault, Err(Fault::Structure(what)) if what.starts_with("y_train cannot be")));
    }
}

#[test]
fn labels_of_every_width() {
    for (code, bytes) in [
        (b"u1", &[7, 3][..]),
        (b"i2", &[7, 0, 3, 0]),
        (b"u2", &[7, 0, 3, 0]),
        (b"u4", &[7, 0, 0, 0, 3, 0, 0, 0]),
        (b"u8", &[7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        check(with_labels(array(b"K\x02\x85", code, b"<", bytes)).unwrap());
    }
}

#[test]
fn as_many_bytes_as_the_shape_says() {
    for bytes in [&[7][..], &[7, 3, 1], &[]] {
        let fault = with_labels(array(b"K\x02\x85", b"i1", b"|", bytes));
        assert!(
            matches!(&fault, Err(Fault::Size { array: "y_train", bytes: n, .. }) if *n == bytes.len()),
            "{fault:?}"
        );
    }
}

/// An integer is no array's bytes, even if there is an array with that number.
#[test]
fn bytes_are_bytes() {
    let labels = array(b"K\x02\x85", b"i1", b"|", &[7, 3]);
    let without = [&labels[..labels.len() - 9], b"K\x01tb"].concat();
    let fault = with_labels(without);
    assert!(matches!(&fault, Err(Fault::Structure(what)) if what == "y_train cannot be 1"), "{fault:?}");
}

/// Python 2 on Windows: an integer of as many bytes as it needs.
#[test]
fn sizes_may_be_long_integers() {
    check(with_labels(array(b"\x8a\x01\x02\x85", b"i1", b"|", &[7, 3])).unwrap());
}

#[test]
fn a_name_that_numpys_arrays_do_not_need_is_refused_and_named() {
    for (program, named) in [
        (&b"\x80\x02cnumpy\neval\n."[..], "numpy.eval"),
        (b"\x80\x02cposix\ndtype\n.", "posix.dtype"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix"),
        (b"\x80\x04X\x06\0\0\0system.", "system"),
    ] {
        assert!(matches!(pickle::parse(&mut &program[..]), Err(Fault::Name(name)) if name == named));
    }
    for (len, more) in [(60, ""), (61, "…"), (255, "…")] {
        let program = [b"\x80\x04\x8c", &[len][..], &vec![b'a'; len.into()], b"."].concat();
        let shown = format!("{}{more}", "a".repeat(60));
        assert!(matches!(pickle::parse(&mut &program[..]), Err(Fault::Name(name)) if name == shown));
    }
}

/// Python counts up and keeps a value once, which bounds what serde-pickle copies.
#[test]
fn values_are_kept_once_and_in_turn() {
    let structure = |program: &[u8]| match pickle::parse(&mut [b"\x80\x02", program].concat().as_slice()) {
        Err(Fault::Structure(what)) => what,
        other => panic!("{other:?}"),
    };
    for program in [
        &b"Nq\0q\x01."[..],
        b"Nq\0h\0q\x01.",
        b"Nq\0\x95\0\0\0\0\0\0\0\0q\x01.",
        b"]q\0Naq\x01.",
        b"]q\0(Neq\x01.",
        b"Nq\x01Nq\0.",
        b"Nq\0Nq\0.",
        b"Nq\0\x94.",
        b"Nr\0\0\0\x80.",
    ] {
        assert!(structure(program).starts_with("it keeps a value out of turn"), "{program:?}");
    }
    assert!(!structure(b"Nq\0Nq\x05N\x94Nr\xff\xff\xff\x7f.").contains("out of turn"));
}

#[test]
fn as_many_instructions_as_allowed() {
    let parse = |n: u64| {
        let program = [b"\x80\x04", &b"N".repeat(n as usize)[..], b"."].concat();
        pickle::parse(&mut program.as_slice()).unwrap_err()
    };
    assert!(matches!(parse(pickle::MAX_OPCODES - 1), Fault::Structure(_)));
    assert!(matches!(parse(pickle::MAX_OPCODES), Fault::TooMuch { limit: pickle::MAX_OPCODES, .. }));
}
