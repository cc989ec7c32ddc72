//! `mnist.pkl.gz`: `((x_train, y_train), (x_valid, y_valid), (x_test, y_test))`, as Python pickled it.
//!
//! The original is a Python 2 pickle of protocol 2; Python 3 writes the same arrays in protocols 2 to 5, and NumPy
//! renamed its modules on the way. serde-pickle puts the values together, after [a filter](MAX_OPCODES) has replaced
//! each call by its function, its arguments and the state that the result was given. What these stand for is read here:
//!
//! ```text
//! array   _reconstruct(…)                         given (1, shape, dtype, Fortran order?, bytes)   protocols 2 to 4
//!         _frombuffer(bytes, dtype, shape, "C" or "F")                                             protocol 5
//! bytes   bytes; or encode(text, "latin1"); or bytes() if there are none            Python 3 in protocol 2
//! dtype   dtype("f4", …)                          given (3, "<", …)
//! ```
//!
//! The type code, the byte order and the number of bytes are always compared with what the array must be.
//!
//! ```
//! use mnist::{Fault, pickle};
//!
//! let hostile = b"\x80\x02cos\nsystem\nX\x04\0\0\0echo\x85R.";
//! let fault = pickle::parse(&mut hostile.as_slice()).unwrap_err();
//! assert!(matches!(fault, Fault::Name(name) if name == "os.system"));
//! ```

mod node;
mod opcodes;
mod payload;

use crate::error::{DataError, Fault};
use crate::{PIXELS, Set, archive};
use ndarray::{Array1, Array2, ShapeBuilder};
use node::Node;
use opcodes::Opcodes;
use payload::Payload;
use std::io::BufRead;
use std::path::Path;
use std::rc::Rc;

pub use opcodes::{MAX_OPCODES, MAX_PAYLOAD};

/// The training and the validation set in the pickle at `path`, gzip'd or not.
///
/// # Errors
/// If it cannot be opened, or is anything else.
pub fn read(path: &Path) -> Result<(Set, Set), DataError> {
    let mut bytes = archive::open(path)?;
    parse(&mut bytes).map_err(|fault| DataError::Damaged { path: path.into(), fault })
}

/// The training and the validation set in an unpacked pickle.
///
/// For any bytes: ends, does not panic, calls nothing, and takes at most 20 times as much memory as there are bytes
/// plus 4 MB, and never much more than [`MAX_PAYLOAD`], or twice that where the training images are in Fortran order
/// or are the validation images, too.
///
/// # Errors
/// If they are anything else.
pub fn parse(bytes: &mut dyn BufRead) -> Result<(Set, Set), Fault> {
    let mut opcodes = Opcodes::new(bytes)?;
    let root = Node::read(&mut opcodes)?;
    let arrays = Arrays(opcodes.payloads);
    let [train, valid, test] = root.items("the whole")?;
    let train = arrays.pair(train, ["x_train", "y_train"])?;
    let valid = arrays.pair(valid, ["x_valid", "y_valid"])?;
    // The test set's numbers were only counted; its shapes must fit all the same.
    arrays.pair(test, ["x_test", "y_test"])?;
    drop(arrays); // So an array's bytes are used where they are, unless two arrays share them.
    let set = |(x, y): (Described, Described)| Set::new(x.images()?, y.labels()?);
    Ok((set(train)?, set(valid)?))
}

/// The bytes of all arrays, in the order of the file.
struct Arrays(Vec<Rc<Payload>>);

/// An array as the pickle describes it.
struct Described {
    name: &'static str,
    shape: Vec<usize>,
    code: &'static str,
    big_endian: bool,
    fortran: bool,
    payload: Rc<Payload>,
}

impl Arrays {
    /// Images and as many labels, before either is decoded: what does not fit should not take memory first.
    fn pair(&self, pair: &Node, names: [&'static str; 2]) -> Result<(Described, Described), Fault> {
        let [x, y] = pair.items("a pair of images and labels")?;
        let (x, y) = (self.array(x, names[0])?, self.array(y, names[1])?);
        x.images_dim()?;
        y.width()?;
        if x.shape[0] != y.shape[0] {
            return Err(Fault::Shapes { images: x.shape, labels: y.shape });
        }
        Ok((x, y))
    }

    fn array(&self, array: &Node, name: &'static str) -> Result<Described, Fault> {
        let (shape, dtype, fortran, bytes) = match array.object(name)? {
            ("_frombuffer", arguments, None) => {
                let [bytes, dtype, shape, order] = arguments.items(name)?;
                (shape, dtype, order.word(name)? == "F", bytes)
            }
            ("_reconstruct", _, Some(state)) => {
                let [_, shape, dtype, fortran, bytes] = state.items(name)?;
                (shape, dtype, fortran.number(name)? == 1, bytes)
            }
            _ => return Err(array.wrong(name)),
        };
        let Node::Items(sizes) = shape else { return Err(shape.wrong(name)) };
        let shape = sizes.iter().map(|size| size.number(name)).collect::<Result<_, _>>()?;
        let (code, big_endian) = type_and_order(dtype, name)?;
        Ok(Described { name, shape, code, big_endian, fortran, payload: self.payload(bytes, name)? })
    }

    fn payload(&self, bytes: &Node, name: &str) -> Result<Rc<Payload>, Fault> {
        if let Node::Bytes(index) = bytes {
            return Ok(Rc::clone(&self.0[*index]));
        }
        match bytes.object(name)? {
            ("encode", arguments, None) => self.payload(&arguments.items::<2>(name)?[0], name),
            ("bytes", Node::Items(none), None) if none.is_empty() => {
                Ok(Rc::new(Payload::new(0, false, true)))
            }
            _ => Err(bytes.wrong(name)),
        }
    }
}

/// Type code, and whether the high byte comes first: `>`. A single byte has no order, which is written `|`.
fn type_and_order(dtype: &Node, name: &str) -> Result<(&'static str, bool), Fault> {
    let ("dtype", arguments, Some(state)) = dtype.object(name)? else { return Err(dtype.wrong(name)) };
    let [code, _, _] = arguments.items(name)?;
    match state {
        Node::Items(items) if items.len() > 1 => Ok((code.word(name)?, items[1].word(name)? == ">")),
        _ => Err(state.wrong(name)),
    }
}

impl Described {
    fn images(self) -> Result<Array2<f32>, Fault> {
        let (n, m) = self.images_dim()?;
        let shape = (n, m).set_f(self.fortran);
        let size = self.size();
        let images =
            Array2::from_shape_vec(shape, Rc::unwrap_or_clone(self.payload).into_f32(self.big_endian))
                .map_err(|_| size)?;
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
        let bytes = Rc::unwrap_or_clone(self.payload).into_bytes();
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
        let width = match self.code {
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
        Fault::Dtype { array: self.name, found: self.code.into(), expected }
    }

    fn size(&self) -> Fault {
        Fault::Size { array: self.name, shape: self.shape.clone(), bytes: self.payload.len() }
    }
}
