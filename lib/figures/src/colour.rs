//! Colours by what they mean, so that a page can choose them.

use plotters::style::RGBColor;

/// What a colour is for. The series' are Okabe and Ito's, which the colour-blind can tell apart, darker on light paper. Text in [`Ink`],
/// [`Muted`] and [`Wrong`] has a contrast of at least 4.5 to the paper and to both kinds of boxes, in both themes.
///
/// ```
/// use figures::Colour;
///
/// assert_eq!(Colour::Ours.css(), "var(--fig-ours, #0072B2)");
/// ```
///
/// [`Ink`]: Colour::Ink
/// [`Muted`]: Colour::Muted
/// [`Wrong`]: Colour::Wrong
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// What is behind everything.
    Paper,
    /// Text, outlines, digits.
    Ink,
    /// What is said by the way.
    Muted,
    /// The lines of an axis.
    Grid,
    /// What we measured; negative numbers.
    Ours,
    /// What the course measured; positive numbers.
    Course,
    /// A third series.
    Third,
    /// A fourth.
    Fourth,
    /// A box that holds a number.
    Box,
    /// A box that is only stretched: no memory is behind it.
    Stretch,
    /// What fails.
    Wrong,
}

/// The CSS variable of each colour, its value on light paper, which is also the fall-back, and on dark paper.
const TABLE: [(Colour, &str, u32, u32); 11] = [
    (Colour::Paper, "paper", 0xff_ff_ff, 0x15_17_1a),
    (Colour::Ink, "ink", 0x1b_1b_1b, 0xec_ec_ec),
    (Colour::Muted, "muted", 0x59_59_59, 0xb0_b0_b0),
    (Colour::Grid, "grid", 0xd4_d4_d4, 0x43_47_4d),
    (Colour::Ours, "ours", 0x00_72_b2, 0x56_b4_e9),
    (Colour::Course, "course", 0xc8_50_00, 0xf0_a0_30),
    (Colour::Third, "third", 0x00_80_5c, 0x3f_c9_9b),
    (Colour::Fourth, "fourth", 0x9b_4a_86, 0xe3_9a_d0),
    (Colour::Box, "box", 0xe3_f0_f9, 0x17_3a_52),
    (Colour::Stretch, "stretch", 0xfb_ea_db, 0x4d_31_15),
    (Colour::Wrong, "wrong", 0xb0_00_20, 0xff_8a_80),
];

impl Colour {
    /// The colour of the i-th series of a chart.
    ///
    /// ```
    /// use figures::Colour;
    ///
    /// assert_eq!((Colour::series(0), Colour::series(1)), (Colour::Ours, Colour::Course));
    /// ```
    pub fn series(i: usize) -> Colour {
        [Colour::Ours, Colour::Course, Colour::Third, Colour::Fourth][i % 4]
    }

    /// As a CSS value: a variable, and what it is where nobody sets that.
    ///
    /// ```
    /// assert_eq!(figures::Colour::Ink.css(), "var(--fig-ink, #1B1B1B)");
    /// ```
    pub fn css(self) -> String {
        let (_, name, light, _) = self.row();
        format!("var(--fig-{name}, {})", hex(light))
    }

    fn row(self) -> (Colour, &'static str, u32, u32) {
        TABLE[self as usize]
    }

    /// What the plotting library draws with: [`with_variables`] finds it again.
    pub(crate) fn fallback(self) -> RGBColor {
        let [_, r, g, b] = self.row().2.to_be_bytes();
        RGBColor(r, g, b)
    }
}

/// As the plotting library writes a colour.
fn hex(colour: u32) -> String {
    format!("#{colour:06X}")
}

/// Every colour in the attributes of `svg` replaced by its variable.
pub(crate) fn with_variables(svg: &str) -> String {
    TABLE.iter().fold(svg.to_string(), |svg, (colour, _, light, _)| {
        svg.replace(&format!("\"{}\"", hex(*light)), &format!("\"{}\"", colour.css()))
    })
}

/// The colours of a picture that stands by itself and has no page around it to choose them.
pub(crate) fn standalone() -> String {
    let dark: String =
        TABLE.iter().map(|(_, name, _, dark)| format!("--fig-{name}:{};", hex(*dark))).collect();
    format!(
        "svg:root{{background:{};margin:auto}}@media (prefers-color-scheme:dark){{svg:root{{{dark}}}}}",
        Colour::Paper.css()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2's relative luminance.
    fn luminance(colour: u32) -> f64 {
        let [_, r, g, b] = colour.to_be_bytes().map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: u32, b: u32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_no_colour_is_there_twice() {
        for (i, (colour, ..)) in TABLE.iter().enumerate() {
            assert_eq!(*colour as usize, i);
            assert_eq!(TABLE.iter().filter(|row| row.2 == TABLE[i].2).count(), 1, "{colour:?}");
        }
    }

    #[test]
    fn text_can_be_read_on_everything_in_both_themes() {
        for theme in [|c: Colour| c.row().2, |c: Colour| c.row().3] {
            for text in [Colour::Ink, Colour::Muted, Colour::Wrong] {
                for ground in [Colour::Paper, Colour::Box, Colour::Stretch] {
                    let contrast = contrast(theme(text), theme(ground));
                    assert!(contrast >= 4.5, "{text:?} on {ground:?}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn marks_stand_out_from_the_paper_in_both_themes() {
        for theme in [|c: Colour| c.row().2, |c: Colour| c.row().3] {
            for mark in (0..4).map(Colour::series) {
                let contrast = contrast(theme(mark), theme(Colour::Paper));
                assert!(contrast >= 3.0, "{mark:?}: {contrast:.2}");
            }
        }
    }
}
