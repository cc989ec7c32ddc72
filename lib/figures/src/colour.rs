//! Colours by what they mean, so that a page can choose them.

use plotters::style::RGBColor;

/// What a colour is for.
///
/// The series' are Okabe and Ito's, which the colour-blind can tell apart, darker on light paper, and an indigo in the
/// place of their black. Text in [`Ink`], [`Muted`] and [`Wrong`] has a contrast of at least 4.5 to the paper and to
/// both kinds of boxes, in both themes.
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
    /// A fifth.
    Fifth,
    /// A sixth.
    Sixth,
    /// A box that holds a number.
    Box,
    /// A box that is only stretched: no memory is behind it.
    Stretch,
    /// What fails.
    Wrong,
}

/// The CSS variable of each colour, its value on light paper, which is also the fall-back, and on dark paper.
const TABLE: [(Colour, &str, u32, u32); 13] = [
    (Colour::Paper, "paper", 0xff_ff_ff, 0x15_17_1a),
    (Colour::Ink, "ink", 0x1b_1b_1b, 0xec_ec_ec),
    (Colour::Muted, "muted", 0x59_59_59, 0xb0_b0_b0),
    (Colour::Grid, "grid", 0xd4_d4_d4, 0x43_47_4d),
    (Colour::Ours, "ours", 0x00_72_b2, 0x56_b4_e9),
    (Colour::Course, "course", 0xc8_50_00, 0xf0_a0_30),
    (Colour::Third, "third", 0x00_80_5c, 0x3f_c9_9b),
    (Colour::Fourth, "fourth", 0x9b_4a_86, 0xe3_9a_d0),
    (Colour::Fifth, "fifth", 0x5c_43_00, 0xf0_e4_42),
    (Colour::Sixth, "sixth", 0x3b_2b_b0, 0x7a_6c_ff),
    (Colour::Box, "box", 0xe3_f0_f9, 0x17_3a_52),
    (Colour::Stretch, "stretch", 0xfb_ea_db, 0x4d_31_15),
    (Colour::Wrong, "wrong", 0xb0_00_20, 0xff_8a_80),
];

const SERIES: [Colour; 6] =
    [Colour::Ours, Colour::Course, Colour::Third, Colour::Fourth, Colour::Fifth, Colour::Sixth];

impl Colour {
    /// The colour of the i-th series of a chart.
    ///
    /// ```
    /// use figures::Colour;
    ///
    /// assert_eq!((Colour::series(0), Colour::series(1)), (Colour::Ours, Colour::Course));
    /// ```
    pub fn series(i: usize) -> Colour {
        SERIES[i % SERIES.len()]
    }

    /// As a CSS value: a variable, and what it is where a page does not set that.
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

/// The colours of a picture that has no page around it to choose them.
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

    /// Red, green and blue in amounts of light, as sRGB defines them.
    fn linear(colour: u32) -> [f64; 3] {
        let [_, rgb @ ..] = colour.to_be_bytes().map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        rgb
    }

    /// WCAG 2's relative luminance.
    fn luminance(colour: u32) -> f64 {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn times(matrix: [[f64; 3]; 3], x: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(x).map(|(m, x)| m * x).sum())
    }

    /// Oklab (Ottosson, 2020), in which equal distances look alike.
    fn oklab(linear: [f64; 3]) -> [f64; 3] {
        let cones = times(
            [
                [0.412_221, 0.536_333, 0.051_446],
                [0.211_903, 0.680_700, 0.107_397],
                [0.088_302, 0.281_719, 0.629_979],
            ],
            linear,
        );
        times(
            [
                [0.210_454, 0.793_618, -0.004_072],
                [1.977_998, -2.428_592, 0.450_594],
                [0.025_904, 0.782_772, -0.808_676],
            ],
            cones.map(f64::cbrt),
        )
    }

    /// What is seen without the red, the green or the blue cones (Machado and others, 2009, severity 1).
    const BLIND: [[[f64; 3]; 3]; 3] = [
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

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
    fn series_can_be_told_apart_by_everybody_in_both_themes() {
        const SEEN: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for theme in [|c: Colour| c.row().2, |c: Colour| c.row().3] {
            for (i, a) in SERIES.into_iter().enumerate() {
                for b in &SERIES[..i] {
                    let apart = |seen: [[f64; 3]; 3]| {
                        let [a, b] =
                            [a, *b].map(|c| oklab(times(seen, linear(theme(c))).map(|x| x.max(0.0))));
                        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
                    };
                    assert!(apart(SEEN) > 0.1, "{a:?} and {b:?}: {:.3}", apart(SEEN));
                    // A difference of 0.02 is just noticed.
                    let least = BLIND.map(apart).into_iter().fold(f64::INFINITY, f64::min);
                    assert!(least > 0.029, "{a:?} and {b:?}: {least:.3}");
                }
            }
        }
    }

    #[test]
    fn marks_stand_out_from_the_paper_in_both_themes() {
        for theme in [|c: Colour| c.row().2, |c: Colour| c.row().3] {
            for mark in SERIES {
                let contrast = contrast(theme(mark), theme(Colour::Paper));
                assert!(contrast >= 3.0, "{mark:?}: {contrast:.2}");
            }
        }
    }
}
