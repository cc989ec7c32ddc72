//! `mnist.pkl.gz`: `((x_train, y_train), (x_valid, y_valid), (x_test, y_test))`, as Python pickled it.
//!
//! The original is a Python 2 pickle of protocol 2; Python 3 writes the same arrays in protocols 2 to 5, and
//! NumPy renamed its modules on the way. All are the same few pairs, once [`opcodes`](super::opcodes) has
//! replaced every call by a pair of what would be called and its arguments:
//!
//! ```text
//! array   ((_reconstruct, …), (1, shape, dtype, Fortran order?, bytes))     __setstate__, protocols 2 to 4
//!         (_frombuffer, (bytes, dtype, shape, "C" or "F"))                  protocol 5
//! bytes   an index, or ((_codecs, encode), (index, "latin1"))               Python 3 in protocol 2
//! dtype   ((dtype, ("f4", …)), (3, "<", …)), later in the file only the first half
//! ```
//!
//! `serde_pickle` builds the pairs; here they are read. The type code and the byte order are always compared.
//!
//! ```
//! use nb01_matmul::data::{Fault, pickle};
//!
//! let hostile = b"\x80\x02cos\nsystem\nX\x04\0\0\0echo\x85R.";
//! let fault = pickle::parse(&mut hostile.as_slice()).unwrap_err();
//! assert!(matches!(fault, Fault::Name(name) if name == "os.system"));
//! ```

use super::error::{DataError, Fault};
use super::opcodes::Opcodes;
use super::payload::Payload;
use super::{PIXELS, Set, archive};
use ndarray::{Array1, Array2, ShapeBuilder};
use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_pickle::DeOptions;
use std::cell::Cell;
use std::fmt;
use std::io::BufRead;
use std::path::Path;

/// The training and the validation set in the pickle at `path`, gzip'd or not.
///
/// # Errors
/// If it cannot be opened, or is anything else.
///
/// ```
/// assert!(nb01_matmul::data::pickle::read("Cargo.toml".as_ref()).is_err());
/// ```
pub fn read(path: &Path) -> Result<(Set, Set), DataError> {
    let mut bytes = archive::open(path)?;
    parse(&mut bytes).map_err(|fault| DataError::Damaged { path: path.into(), fault })
}

/// The training and the validation set in an unpacked pickle.
///
/// Whatever the bytes are, this ends, panics nowhere, calls nothing, and takes at most 20 times as much memory as
/// there are bytes, and 4 MB; and never much more than [`MAX_PAYLOAD`](super::opcodes::MAX_PAYLOAD), or twice that where
/// arrays are in Fortran order and have to be turned.
///
/// # Errors
/// If it is anything else.
///
/// ```
/// use nb01_matmul::data::{Fault, pickle};
///
/// assert!(matches!(pickle::parse(&mut "no pickle".as_bytes()), Err(Fault::Format(_))));
/// ```
pub fn parse(bytes: &mut dyn BufRead) -> Result<(Set, Set), Fault> {
    let mut opcodes = Opcodes::new(bytes)?;
    let root = root(&mut opcodes)?;
    let mut arrays = Arrays { payloads: opcodes.payloads.into_iter().map(Some).collect(), orders: vec![] };
    let [train, valid, test] = root.items("the whole")?;
    let train = arrays.set(train, ["x_train", "y_train"])?;
    let valid = arrays.set(valid, ["x_valid", "y_valid"])?;
    arrays.dropped(test)?;
    Ok((train, valid))
}

/// Lets `serde_pickle` put the pairs together.
fn root(opcodes: &mut Opcodes) -> Result<Node, Fault> {
    let mut pickle = serde_pickle::Deserializer::new(opcodes, DeOptions::new());
    let budget = Cell::new(MAX_NODES);
    let root = Builder { budget: &budget, depth: 0 }.deserialize(&mut pickle).map_err(fault)?;
    pickle.end().map_err(fault)?;
    Ok(root)
}

/// Our own faults travel through `serde_pickle` inside its I/O errors.
fn fault(error: serde_pickle::Error) -> Fault {
    match error {
        serde_pickle::Error::Io(io) => io.downcast().unwrap_or_else(Fault::Unpacking),
        // It may show a value, and a value may be long.
        other => Fault::Structure(other.to_string().chars().take(200).collect()),
    }
}

/// MNIST has a few hundred. References can make few instructions mean many nodes, so they are counted.
const MAX_NODES: usize = 5000;
const MAX_DEPTH: usize = 16;

/// What is left of a pickle: nested tuples of words and numbers.
#[derive(Debug)]
enum Node {
    Items(Vec<Node>),
    Word(String),
    Number(i64),
    Nothing,
}

impl Node {
    /// Exactly `N` items.
    fn items<const N: usize>(&self, what: &str) -> Result<&[Node; N], Fault> {
        match self {
            Node::Items(items) => items.as_slice().try_into().map_err(|_| wrong(what, self)),
            _ => Err(wrong(what, self)),
        }
    }

    fn number(&self, what: &str) -> Result<usize, Fault> {
        match self {
            Node::Number(number) => usize::try_from(*number).map_err(|_| wrong(what, self)),
            _ => Err(wrong(what, self)),
        }
    }

    fn word(&self, what: &str) -> Result<&str, Fault> {
        match self {
            Node::Word(word) => Ok(word),
            _ => Err(wrong(what, self)),
        }
    }

    /// If this is the pair (module, name), the name.
    fn global(&self) -> Option<&str> {
        match self {
            Node::Items(items) => match items.as_slice() {
                [Node::Word(_), Node::Word(name)] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The node itself may be large, so only its kind is named.
fn wrong(what: &str, node: &Node) -> Fault {
    let found = match node {
        Node::Items(items) => format!("{} items", items.len()),
        Node::Word(word) => format!("`{word}`"),
        Node::Number(number) => number.to_string(),
        Node::Nothing => "None".into(),
    };
    Fault::Structure(format!("{what} cannot be {found}"))
}

#[derive(Clone, Copy)]
struct Builder<'a> {
    budget: &'a Cell<usize>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Builder<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, pickle: D) -> Result<Node, D::Error> {
        let left = self.budget.get().checked_sub(1).filter(|_| self.depth < MAX_DEPTH);
        self.budget.set(left.ok_or_else(|| de::Error::custom("it is nested too deeply or without end"))?);
        pickle.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Builder<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("tuples of arrays")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pickle: A) -> Result<Node, A::Error> {
        let inside = Builder { depth: self.depth + 1, ..self };
        let mut items = vec![];
        while let Some(item) = pickle.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Node::Items(items))
    }

    fn visit_str<E>(self, word: &str) -> Result<Node, E> {
        Ok(Node::Word(word.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Number(flag.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }
}

/// The arrays' bytes, and the byte order that each type code came with.
struct Arrays {
    payloads: Vec<Option<Payload>>,
    orders: Vec<(String, bool)>,
}

/// An array as the pickle describes it.
struct Described {
    name: &'static str,
    shape: Vec<usize>,
    code: String,
    big_endian: bool,
    fortran: bool,
    payload: Payload,
}

impl Arrays {
    fn set(&mut self, pair: &Node, names: [&'static str; 2]) -> Result<Set, Fault> {
        let (x, y) = self.pair(pair, names)?;
        Set::new(x.images()?, y.labels()?)
    }

    /// The test set's numbers were only counted; its shapes must fit all the same.
    fn dropped(&mut self, pair: &Node) -> Result<(), Fault> {
        self.pair(pair, ["x_test", "y_test"]).map(drop)
    }

    /// Images and as many labels, before either is decoded: what does not fit should not take memory first.
    fn pair(&mut self, pair: &Node, names: [&'static str; 2]) -> Result<(Described, Described), Fault> {
        let [x, y] = pair.items("a pair of images and labels")?;
        let (x, y) = (self.array(x, names[0])?, self.array(y, names[1])?);
        x.images_dim()?;
        y.width()?;
        if x.shape[0] != y.shape[0] {
            return Err(Fault::Shapes { images: x.shape, labels: y.shape });
        }
        Ok((x, y))
    }

    fn array(&mut self, array: &Node, name: &'static str) -> Result<Described, Fault> {
        let [call, state] = array.items(name)?;
        let (shape, dtype, fortran, bytes) = if call.global() == Some("_frombuffer") {
            let [bytes, dtype, shape, order] = state.items(name)?;
            (shape, dtype, order.word(name)? == "F", bytes)
        } else {
            let [_, shape, dtype, fortran, bytes] = state.items(name)?;
            (shape, dtype, fortran.number(name)? == 1, bytes)
        };
        let Node::Items(sizes) = shape else { return Err(wrong(name, shape)) };
        let shape = sizes.iter().map(|size| size.number(name)).collect::<Result<_, _>>()?;
        let (code, big_endian) = self.dtype(dtype, name)?;
        Ok(Described { name, shape, code, big_endian, fortran, payload: self.payload(bytes, name)? })
    }

    /// Type code and byte order. A dtype that was met before is a reference to its first half.
    fn dtype(&mut self, dtype: &Node, name: &'static str) -> Result<(String, bool), Fault> {
        let [first, second] = dtype.items(name)?;
        let (arguments, order) = match first.global() {
            Some("dtype") => (second, None),
            _ => (&first.items::<2>(name)?[1], Some(self.order(second, name)?)),
        };
        let [code, _, _] = arguments.items(name)?;
        let code = code.word(name)?.to_owned();
        let known = self.orders.iter().find(|(known, _)| *known == code).map(|(_, order)| *order);
        match (known, order) {
            (Some(known), Some(order)) if known != order => {
                Err(Fault::Structure(format!("{name} has another byte order than the arrays before it")))
            }
            (None, None) => Err(Fault::Structure(format!("{name} has no byte order"))),
            (known, order) => {
                let order = order.or(known).unwrap_or_default();
                self.orders.push((code.clone(), order));
                Ok((code, order))
            }
        }
    }

    /// `>` is big-endian; a single byte has no order, which is written `|`.
    fn order(&self, state: &Node, name: &str) -> Result<bool, Fault> {
        match state {
            Node::Items(items) if items.len() > 1 => Ok(items[1].word(name)? == ">"),
            _ => Err(wrong(name, state)),
        }
    }

    fn payload(&mut self, bytes: &Node, name: &str) -> Result<Payload, Fault> {
        let index = match bytes {
            Node::Items(_) => &bytes.items::<2>(name)?[1].items::<2>(name)?[0],
            index => index,
        };
        let payload = self.payloads.get_mut(index.number(name)?).and_then(Option::take);
        payload.ok_or_else(|| Fault::Structure(format!("{name} has no bytes of its own")))
    }
}

impl Described {
    fn images(self) -> Result<Array2<f32>, Fault> {
        let (n, m) = self.images_dim()?;
        let shape = (n, m).set_f(self.fortran);
        let size = self.size();
        let images =
            Array2::from_shape_vec(shape, self.payload.into_f32(self.big_endian)).map_err(|_| size)?;
        Ok(if images.is_standard_layout() { images } else { images.as_standard_layout().into_owned() })
    }

    fn images_dim(&self) -> Result<(usize, usize), Fault> {
        if self.code != "f4" {
            return Err(self.wrong_type("f4 (float32)"));
        }
        match self.shape[..] {
            [n, m] if m == PIXELS && n.checked_mul(m * 4) == Some(self.payload.len()) => Ok((n, m)),
            _ => Err(self.size()),
        }
    }

    /// Labels are integers of any width and order, but digits.
    fn labels(self) -> Result<Array1<u8>, Fault> {
        let (width, big_endian, signed) = (self.width()?, self.big_endian, self.code.starts_with('i'));
        let bytes = self.payload.into_bytes();
        let digit = |(row, bytes): (usize, &[u8])| {
            let places = bytes.iter();
            let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
            let value = if big_endian { places.fold(0, add) } else { places.rev().fold(0, add) };
            let unused = 64 - 8 * width;
            let value = if signed { i128::from((value << unused) as i64 >> unused) } else { value.into() };
            u8::try_from(value).map_err(|_| Fault::Label { row, value })
        };
        bytes.chunks(width).enumerate().map(digit).collect()
    }

    /// How many bytes a label has.
    fn width(&self) -> Result<usize, Fault> {
        let width = match self.code.as_str() {
            "i1" | "u1" => 1,
            "i2" | "u2" => 2,
            "i4" | "u4" => 4,
            "i8" | "u8" => 8,
            _ => return Err(self.wrong_type("an integer type")),
        };
        match self.shape[..] {
            [n] if n.checked_mul(width) == Some(self.payload.len()) => Ok(width),
            _ => Err(self.size()),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> Fault {
        Fault::Dtype { array: self.name, found: self.code.clone(), expected }
    }

    fn size(&self) -> Fault {
        Fault::Size { array: self.name, shape: self.shape.clone(), bytes: self.payload.len() }
    }
}
