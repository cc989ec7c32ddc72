//! Bars and histograms in the terminal: `plt.barh`, `plt.hist`.
//!
//! They are made of block characters, without colours or escape codes, so they survive a pipe and a file. Where the locale
//! is not UTF-8 they are made of ASCII, and a line is as long as [`width`] says.
//!
//! ```
//! use nb00_testing::chart::Blocks;
//!
//! assert_eq!(Blocks::Unicode.bar(0.55, 10), "█████▌");
//! assert_eq!(Blocks::Ascii.bar(0.55, 10), "######");
//! ```

use std::env;
use std::ops::Range;

/// The characters that a chart is made of.
///
/// ```
/// use nb00_testing::Blocks;
///
/// let values = [0.1, 0.3, 0.3, 0.6, 0.6, 0.6, 0.6];
/// assert_eq!(Blocks::Unicode.histogram(values, 0.0..1.0, 4), "▂▄█ ");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// `▁▂▃▄▅▆▇█` and `▏▎▍▌▋▊▉█`
    Unicode,
    /// `.:-=+*#@` and `#`
    Ascii,
}

const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_LEVELS: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];
const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

impl Blocks {
    /// What this terminal can show: ASCII where the locale (`LC_ALL`, `LC_CTYPE` or `LANG`, the first that is set) is
    /// another than UTF-8.
    ///
    /// ```
    /// println!("{}", nb00_testing::Blocks::here().bar(0.5, 40));
    /// ```
    pub fn here() -> Blocks {
        let set = |name| env::var(name).ok().filter(|locale: &String| !locale.is_empty());
        Blocks::of_locale(["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).as_deref())
    }

    fn of_locale(locale: Option<&str>) -> Blocks {
        let utf8 = |locale: &str| locale.to_lowercase().replace('-', "").contains("utf8");
        if locale.is_none_or(utf8) { Blocks::Unicode } else { Blocks::Ascii }
    }

    /// A bar `share` as long as `width` characters; what is no number, or below 0, has none, and nothing is longer than `width`.
    ///
    /// ```
    /// use nb00_testing::Blocks;
    ///
    /// assert_eq!(Blocks::Unicode.bar(2.0, 3), "███");
    /// assert_eq!(Blocks::Unicode.bar(f64::NAN, 3), "");
    /// ```
    pub fn bar(self, share: f64, width: usize) -> String {
        let full = share.clamp(0.0, 1.0) * width as f64; // NaN stays NaN here, and becomes 0 below
        match self {
            Blocks::Unicode => {
                let eighths = (full * 8.0).round() as usize;
                "█".repeat(eighths / 8) + PARTS[eighths % 8]
            }
            Blocks::Ascii => "#".repeat(full.round() as usize),
        }
    }

    /// The share of a bar on a logarithmic axis, drawn: the ends of `range` are nothing and all of `width`.
    ///
    /// What has no logarithm has no bar.
    ///
    /// ```
    /// use nb00_testing::Blocks;
    ///
    /// assert_eq!(Blocks::Ascii.log_bar(1e-3, 1e-6..1.0, 10), "#####");
    /// assert_eq!(Blocks::Ascii.log_bar(0.0, 1e-6..1.0, 10), "");
    /// ```
    pub fn log_bar(self, value: f64, range: Range<f64>, width: usize) -> String {
        let (low, high) = (range.start.ln(), range.end.ln());
        if value.is_infinite() { String::new() } else { self.bar((value.ln() - low) / (high - low), width) }
    }

    /// How the values between the ends of `range` are distributed, `bins` characters wide; the fullest is the highest, and
    /// what is there can be seen.
    ///
    /// ```
    /// use nb00_testing::Blocks;
    ///
    /// assert_eq!(Blocks::Ascii.histogram([0.0, 0.9, 0.9, f32::NAN], 0.0..1.0, 2), "=@");
    /// ```
    pub fn histogram(self, values: impl IntoIterator<Item = f32>, range: Range<f32>, bins: usize) -> String {
        let mut counts = vec![0_usize; bins];
        for value in values.into_iter().filter(|value| *value >= range.start && *value <= range.end) {
            let bin = (value - range.start) / (range.end - range.start) * bins as f32;
            if let Some(count) = counts.get_mut((bin as usize).min(bins.saturating_sub(1))) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let levels = if self == Blocks::Unicode { LEVELS } else { ASCII_LEVELS };
        counts.into_iter().map(|count| levels[(count * 8).div_ceil(most)]).collect()
    }
}

/// How many characters a line of a lesson may have: `COLUMNS`, which `cargo xtask run` sets to what the terminal leaves, or 80.
///
/// ```
/// assert!(nb00_testing::chart::width() >= 20);
/// ```
pub fn width() -> usize {
    width_of(env::var("COLUMNS").ok().as_deref())
}

/// Between 20 and 200.
fn width_of(columns: Option<&str>) -> usize {
    columns.and_then(|columns| columns.trim().parse().ok()).unwrap_or(80).clamp(20, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_where_the_locale_is_not_utf8() {
        for utf8 in [None, Some("C.UTF-8"), Some("de_DE.utf8"), Some("en_US.UTF-8@euro")] {
            assert_eq!(Blocks::of_locale(utf8), Blocks::Unicode, "{utf8:?}");
        }
        for other in ["C", "POSIX", "de_DE.ISO-8859-1"] {
            assert_eq!(Blocks::of_locale(Some(other)), Blocks::Ascii, "{other}");
        }
    }

    #[test]
    fn a_histogram_begins_and_ends_where_its_range_does() {
        assert_eq!(Blocks::Ascii.histogram([1.9, 2.0, 3.5, 4.0, 4.1], 2.0..4.0, 2), "=@");
    }

    #[test]
    fn widths_that_nobody_meant() {
        let widths =
            [None, Some(""), Some("x"), Some("-3"), Some("0"), Some("7"), Some("132\n"), Some("99999")];
        assert_eq!(widths.map(width_of), [80, 80, 80, 80, 20, 20, 132, 200]);
    }

    #[test]
    fn a_bar_is_never_longer_than_its_place() {
        for blocks in [Blocks::Unicode, Blocks::Ascii] {
            for share in [-1.0, 0.0, 0.001, 0.5, 0.999, 1.0, 7.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
            {
                for width in [0, 1, 7] {
                    let bar = blocks.bar(share, width);
                    assert!(bar.chars().count() <= width, "{share} of {width}: {bar}");
                }
            }
            assert_eq!(blocks.bar(1.0, 5).chars().count(), 5);
        }
    }

    #[test]
    fn a_decade_is_as_long_as_the_next() {
        let bar = |value: f64| Blocks::Ascii.log_bar(value, 1e-3..1e3, 60).len();
        assert_eq!([1e-3, 1e-2, 1.0, 1e2, 1e3].map(bar), [0, 10, 30, 50, 60]);
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9].map(bar), [0, 0, 0, 0, 0]);
    }

    #[test]
    fn histograms_of_nothing_and_of_what_is_outside() {
        for blocks in [Blocks::Unicode, Blocks::Ascii] {
            assert_eq!(blocks.histogram([], 0.0..1.0, 3), "   ");
            assert_eq!(blocks.histogram([f32::NAN, f32::INFINITY, -1.0, 2.0], 0.0..1.0, 3), "   ");
            assert_eq!(blocks.histogram([0.5], 0.0..1.0, 0), "");
        }
        assert_eq!(
            Blocks::Unicode.histogram([1.0], 0.0..1.0, 2),
            " █",
            "the upper end belongs to the last bin"
        );
        let rare = std::iter::repeat_n(0.1, 10_000).chain([0.9]);
        assert_eq!(Blocks::Unicode.histogram(rare, 0.0..1.0, 2), "█▁", "one of many is still seen");
    }
}
