//! Comparisons: `test_eq`, `near`, `test_near`, `test_near_zero`, and `test_near_norm` for gradients.
//!
//! The notebook's `near` is `torch.allclose(a, b, rtol=1e-3, atol=1e-5)`:
//!
//! ```text
//! |a − b| ≤ atol + rtol · |b|     for every element
//! ```
//!
//! so it is not symmetric, and NaN is near nothing, not even itself. Two things differ here on purpose.
//! `allclose` broadcasts, so `(50, 1)` passes for `(50)` and a shape bug stays hidden; ours compares shapes
//! first. And an absolute tolerance is blind to small gradients: of the lesson's input gradients
//! (at most 5.7e-5) nine in ten would pass against *zero*. [`test_near_norm`] measures them by their own size.
//!
//! ```
//! use nb00_testing::{near, ndarray::array};
//!
//! assert!(near(&1.0, &1.0009));
//! assert!(!near(&f64::NAN, &f64::NAN));
//! assert!(!near(&array![[1.0], [1.0]], &array![1.0, 1.0])); // (2, 1) is not (2)
//! ```

use crate::arrays::{AsArray, Float, Numbers};
use approx::AbsDiffEq;
use ndarray::{ArrayViewD, Zip};
use std::fmt::{self, Debug, Write};

/// The first thing that the first notebook exports, so that there is something to test.
///
/// ```
/// nb00_testing::test_eq(nb00_testing::TEST, "test");
/// ```
pub const TEST: &str = "test";

const RTOL: f64 = 1e-3;
const ATOL: f64 = 1e-5;

/// Calls a function of two arrays of one kind of number. Where the kinds differ both become `f64`, which changes no number,
/// so that the function is compiled for two pairs of kinds and not for four.
macro_rules! each_kind {
    ($f:ident($a:expr, $b:expr $(, $more:expr)*)) => {
        match (&$a, &$b) {
            (Numbers::F32(a), Numbers::F32(b)) => $f(a, b $(, $more)*),
            (Numbers::F64(a), Numbers::F64(b)) => $f(a, b $(, $more)*),
            (a, b) => $f(&a.widened().view(), &b.widened().view() $(, $more)*),
        }
    };
}

/// Asserts `cmp(a, b)`; the notebook's `test(a, b, cmp, cname)`.
///
/// # Panics
/// At the caller's line if `cmp` says no, with `cname` and then both values on lines of their own.
///
/// ```
/// nb00_testing::test(&3, &4, |a, b| a < b, "<");
/// ```
#[track_caller]
pub fn test<A, B>(a: &A, b: &B, cmp: impl FnOnce(&A, &B) -> bool, cname: &str)
where
    A: Debug + ?Sized,
    B: Debug + ?Sized,
{
    if !cmp(a, b) {
        let [a, b] = side_by_side(a, b);
        panic!("{cname}:\n{a}\n{b}");
    }
}

/// Asserts that `a` equals `b`.
///
/// # Panics
/// At the caller's line if they differ, showing both.
///
/// ```
/// nb00_testing::test_eq(&[1, 2], &[1, 2]);
/// ```
#[track_caller]
pub fn test_eq<A, B>(a: &A, b: &B)
where
    A: PartialEq<B> + Debug + ?Sized,
    B: Debug + ?Sized,
{
    test(a, b, |a, b| a == b, "==");
}

/// Whether `a` is near `b`: the same shape, and every element within `1e-5 + 1e-3 · |b|`.
///
/// ```
/// assert!(nb00_testing::near(&[100.0, 0.0], &[100.05, 0.000_005]));
/// ```
pub fn near<A, B>(a: &A, b: &B) -> bool
where
    A: AsArray<Elem: Float> + ?Sized,
    B: AsArray<Elem: Float> + ?Sized,
{
    allclose(a, b, RTOL, ATOL)
}

/// `torch.allclose` with the shapes compared first: `|a − b| ≤ atol + rtol · |b|` everywhere.
///
/// Infinities are near only themselves and NaN is near nothing, as in PyTorch.
///
/// ```
/// use nb00_testing::allclose;
///
/// assert!(allclose(&1.0, &1.4, 0.0, 0.5));
/// assert!(allclose(&f64::INFINITY, &f64::INFINITY, 0.0, 0.0));
/// assert!(!allclose(&1.0, &f64::INFINITY, 0.5, 0.5));
/// ```
pub fn allclose<A, B>(a: &A, b: &B, rtol: f64, atol: f64) -> bool
where
    A: AsArray<Elem: Float> + ?Sized,
    B: AsArray<Elem: Float> + ?Sized,
{
    all_close_of(numbers(a), numbers(b), rtol, atol)
}

/// Asserts that `a` is [`near`] `b`.
///
/// # Panics
/// At the caller's line, naming both shapes, how many elements differ, and the largest difference with its
/// index, and showing both values (long ones abbreviated).
///
/// ```should_panic
/// nb00_testing::test_near(&[1.0, 2.0, 3.0], &[1.0, 2.5, 3.0]);
/// ```
#[track_caller]
pub fn test_near<A, B>(a: &A, b: &B)
where
    A: AsArray<Elem: Float> + ?Sized,
    B: AsArray<Elem: Float> + ?Sized,
{
    assert!(near(a, b), "{}", report("near", numbers(a), numbers(b)));
}

/// Asserts that `a` is within `tol` of zero; the notebook's default is `tol = 1e-3`.
///
/// # Panics
/// At the caller's line if it is not, or is NaN.
///
/// ```
/// nb00_testing::test_near_zero(0.0004_f32, 1e-3);
/// ```
#[track_caller]
pub fn test_near_zero<T: Float>(a: T, tol: f64) {
    assert!(close(a, 0.0, 0.0, tol), "near zero (within {tol}):\n{a}");
}

/// How far `a` is from `b`, measured by `b`'s own size: `‖a − b‖ / ‖b‖`, summed in `f64`.
///
/// It is 0 where both are zero or empty, and infinite where only `b` is zero; 1 is the distance of zero
/// itself. NaN or an infinity anywhere gives NaN.
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// let error = nb00_testing::relative_norm(&[3.0, 4.5], &[3.0, 4.0]);
/// assert_eq!(error, 0.1);
/// ```
#[track_caller]
pub fn relative_norm<A, B>(a: &A, b: &B) -> f64
where
    A: AsArray<Elem: Float> + ?Sized,
    B: AsArray<Elem: Float> + ?Sized,
{
    relative_of(numbers(a), numbers(b))
}

/// Not generic, so it is compiled here and not, without optimisation, in a user's debug build. So are [`all_close_of`] and
/// [`report`].
#[track_caller]
fn relative_of(a: Numbers<'_>, b: Numbers<'_>) -> f64 {
    assert!(a.shape() == b.shape(), "relative norm: shapes {:?} and {:?} differ", a.shape(), b.shape());
    each_kind!(relative(a, b))
}

fn relative<T: Float>(a: &ArrayViewD<'_, T>, b: &ArrayViewD<'_, T>) -> f64 {
    let (difference, size) = (norm(a, b, |a, b| a - b), norm(a, b, |_, b| b));
    if (difference, size) == (0.0, 0.0) { 0.0 } else { difference / size }
}

/// `√(Σ x²)` for the `x` made of each pair. Divided by the largest first, so that no square is too large or too small
/// for an `f64`.
fn norm<T: Float>(a: &ArrayViewD<'_, T>, b: &ArrayViewD<'_, T>, x: impl Fn(f64, f64) -> f64) -> f64 {
    let largest = fold(a, b, |largest: f64, a, b| largest.max(x(a, b).abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let squares = fold(a, b, |sum, a, b| sum + (x(a, b) / scale).powi(2));
    scale * squares.sqrt()
}

/// From 0 on, pair after pair. Where both lie row after row they are slices, which a debug build goes through as quickly as
/// a release build; it checks each step of a `Zip`.
fn fold<T: Float>(a: &ArrayViewD<'_, T>, b: &ArrayViewD<'_, T>, f: impl Fn(f64, f64, f64) -> f64) -> f64 {
    match (a.as_slice(), b.as_slice()) {
        (Some(a), Some(b)) => a.iter().zip(b).fold(0.0, |sum, (&a, &b)| f(sum, a.into(), b.into())),
        _ => Zip::from(a).and(b).fold(0.0, |sum, &a, &b| f(sum, a.into(), b.into())),
    }
}

/// Asserts that [`relative_norm`] is at most `tol`: the check for gradients, whatever their size.
///
/// # Panics
/// At the caller's line, with the same report as [`test_near`]; also where the norm is NaN.
///
/// ```should_panic
/// let (zero, tiny_gradient) = ([0.0; 3], [5e-6; 3]);
/// assert!(nb00_testing::near(&zero, &tiny_gradient)); // the lesson's check sees nothing…
/// nb00_testing::test_near_norm(&zero, &tiny_gradient, 1e-5); // …this one panics
/// ```
#[track_caller]
pub fn test_near_norm<A, B>(a: &A, b: &B, tol: f64)
where
    A: AsArray<Elem: Float> + ?Sized,
    B: AsArray<Elem: Float> + ?Sized,
{
    let same_shape = a.as_array().shape() == b.as_array().shape();
    let error = if same_shape { relative_norm(a, b) } else { f64::NAN };
    let name = format!("near by norm (‖a − b‖ / ‖b‖ = {error:.2e}, allowed {tol:.0e})");
    assert!(error <= tol, "{}", report(&name, numbers(a), numbers(b)));
}

/// One element of [`allclose`], in `f64` so that `f32` rounding cannot move the border.
fn close<A: Float, B: Float>(a: A, b: B, rtol: f64, atol: f64) -> bool {
    let (a, b): (f64, f64) = (a.into(), b.into());
    a == b || (a.is_finite() && b.is_finite() && a.abs_diff_eq(&b, atol + rtol * b.abs()))
}

/// Every element, and the shape.
fn all_close_of(a: Numbers<'_>, b: Numbers<'_>, rtol: f64, atol: f64) -> bool {
    a.shape() == b.shape() && each_kind!(all_close(a, b, rtol, atol))
}

fn all_close<T: Float>(a: &ArrayViewD<'_, T>, b: &ArrayViewD<'_, T>, rtol: f64, atol: f64) -> bool {
    Zip::from(a).and(b).all(|&a, &b| close(a, b, rtol, atol))
}

fn numbers<A: AsArray<Elem: Float> + ?Sized>(a: &A) -> Numbers<'_> {
    Float::numbers(a.as_array())
}

/// What a failed comparison says.
fn report(name: &str, a: Numbers<'_>, b: Numbers<'_>) -> String {
    let difference = if a.shape() == b.shape() {
        largest_difference(&a, &b)
    } else {
        format!("the shapes {:?} and {:?} differ (nothing is broadcast here)", a.shape(), b.shape())
    };
    format!("{name}: {difference}\n{}\n{}", shown(&a), shown(&b))
}

/// Counts the elements that are not near, and finds the worst; NaN counts as infinitely far.
fn largest_difference(a: &Numbers<'_>, b: &Numbers<'_>) -> String {
    let (wide_a, wide_b) = (a.widened(), b.widened());
    let pairs = || wide_a.iter().zip(&wide_b).map(|(&a, &b)| (a, b));
    let far = pairs().filter(|&(a, b)| !close(a, b, RTOL, ATOL)).count();
    let distances = pairs().map(|(a, b)| distance(a, b)).enumerate();
    let worst = distances.reduce(|worst, next| if next.1 > worst.1 { next } else { worst });
    let Some((place, d)) = worst else { return "both are empty".into() };
    let (shape, n) = (a.shape(), wide_a.len());
    format!(
        "shapes {shape:?} and {shape:?}, {far} of {n} elements differ by more than {ATOL:.0e} + {RTOL:.0e}·|b|, \
         the largest difference is {d:.6e} at {:?} ({} and {})",
        index_of(place, shape),
        a.shown_at(place),
        b.shown_at(place)
    )
}

fn distance(a: f64, b: f64) -> f64 {
    match (a - b).abs() {
        _ if a == b => 0.0,
        d if d.is_nan() => f64::INFINITY,
        d => d,
    }
}

/// The index of the number that comes after `place` others, row by row.
fn index_of(mut place: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = shape.to_vec();
    for n in index.iter_mut().rev() {
        (*n, place) = (place % *n, place / *n);
    }
    index
}

/// Arrays abbreviate themselves past a few rows and columns, but not past a few dimensions.
fn shown(a: &Numbers<'_>) -> String {
    const LINES: usize = 20;
    let text = match a {
        Numbers::F32(a) => a.to_string(),
        Numbers::F64(a) => a.to_string(),
    };
    let mut lines: Vec<String> =
        text.lines().take(LINES).map(|line| described(&format_args!("{line}"), SHOWN)).collect();
    match text.lines().count() {
        n if n > LINES => lines.push(format!("… ({} more lines)", n - LINES)),
        _ => {}
    }
    lines.join("\n")
}

/// Characters of a value that are shown.
const SHOWN: usize = 600;

/// Both values as they describe themselves, from shortly before the first difference if that is far inside.
fn side_by_side(a: &(impl Debug + ?Sized), b: &(impl Debug + ?Sized)) -> [String; 2] {
    const BEFORE: usize = 60;
    let texts = [described(a, 1 << 20), described(b, 1 << 20)];
    let same = texts[0].chars().zip(texts[1].chars()).take_while(|(a, b)| a == b).count();
    match same {
        0..SHOWN => texts.map(|text| described(&format_args!("{text}"), SHOWN)),
        _ => texts.map(|text| {
            let rest: String = text.chars().skip(same - BEFORE).collect();
            format!("(the same up to here) …{}", described(&format_args!("{rest}"), SHOWN))
        }),
    }
}

/// How the value describes itself, which is stopped after so many characters.
fn described(value: &(impl Debug + ?Sized), room: usize) -> String {
    let mut text = Limited { text: String::new(), room };
    match write!(text, "{value:?}") {
        Ok(()) => text.text,
        Err(fmt::Error) => text.text + "… (shortened)",
    }
}

/// Takes in so many characters and then refuses, so that a huge value is never written out in full.
struct Limited {
    text: String,
    room: usize,
}

impl Write for Limited {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for c in more.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}
