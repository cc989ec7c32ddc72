//! What every picture has to be: well-formed, described, inside its frame, coloured by variables only, and true to its numbers.

use figures::sheet::text_width;
use figures::*;
use ndarray::{Array2, array};
use roxmltree::{Document, Node};

/// A picture as a browser would see it.
fn parsed<T>(drawing: Drawing, look: impl FnOnce(&Document<'_>) -> T) -> T {
    let svg = drawing.describe("<Caption> & more", "A sentence with 5 < 7 numbers.").svg("name");
    let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
    well_made(&document);
    look(&document)
}

fn all<'a>(document: &'a Document<'_>, tag: &'a str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", tag))).collect()
}

fn texts(document: &Document<'_>) -> Vec<String> {
    all(document, "text").iter().map(|text| text.text().unwrap_or_default().trim().to_string()).collect()
}

fn number(node: &Node<'_, '_>, attribute: &str) -> f64 {
    node.attribute(attribute).unwrap_or("0").parse().unwrap_or_else(|_| panic!("{attribute} of {node:?}"))
}

fn well_made(document: &Document<'_>) {
    let root = document.root_element();
    assert_eq!(
        (root.attribute("width"), root.attribute("height"), root.attribute("role")),
        (Some("100%"), None, Some("img"))
    );
    let name = |tag| all(document, tag)[0].text().unwrap_or_default().to_string();
    assert_eq!([name("title"), name("desc")], ["<Caption> & more", "A sentence with 5 < 7 numbers."]);
    let id = |tag| all(document, tag)[0].attribute("id").unwrap_or_default().to_string();
    assert_eq!(root.attribute("aria-labelledby"), Some(format!("{} {}", id("title"), id("desc")).as_str()));

    let frame: Vec<f64> =
        root.attribute("viewBox").unwrap_or_default().split(' ').filter_map(|n| n.parse().ok()).collect();
    let inside = |x: f64, y: f64| (0.0..=frame[2]).contains(&x) && (0.0..=frame[3]).contains(&y);
    for node in document.descendants().filter(Node::is_element) {
        for attribute in ["fill", "stroke"].into_iter().filter_map(|name| node.attribute(name)) {
            assert!(attribute == "none" || attribute.starts_with("var(--fig-"), "{attribute}");
        }
        for attribute in node.attributes().filter(|a| a.name() != "aria-labelledby" && a.name() != "id") {
            assert!(
                !attribute.value().contains("NaN") && !attribute.value().contains("inf"),
                "{attribute:?}"
            );
        }
    }
    for rect in all(document, "rect") {
        let [x, y, w, h] = ["x", "y", "width", "height"].map(|name| number(&rect, name));
        assert!(w >= 0.0 && h >= 0.0 && inside(x, y) && inside(x + w, y + h), "{rect:?}");
    }
    for text in all(document, "text") {
        let (words, size) = (text.text().unwrap_or_default().trim(), number(&text, "font-size"));
        let (x, y, width) = (number(&text, "x"), number(&text, "y"), f64::from(text_width(words, size)));
        let left = match text.attribute("text-anchor") {
            Some("start") => x,
            Some("middle") => x - width / 2.0,
            _ => x - width,
        };
        assert!(size >= 12.9, "too small for a phone: {words}");
        assert!(
            inside(left + 1.0, y - size / 2.0) && inside(left + width - 1.0, y + size / 2.0),
            "`{words}` is cut"
        );
    }
}

#[test]
fn a_bar_is_as_long_as_its_logarithm() {
    let values = [1e-6, 1e-5, 1e-3, 1.0, 2e-2];
    let rows: Vec<Row> = values.iter().map(|v| Row::new(format!("{v:e}"), [Some(*v)])).collect();
    parsed(log_bars(["ours"], &rows, |v| format!("{v:e}")), |document| {
        let bars: Vec<f64> = all(document, "rect")[1..].iter().map(|bar| number(bar, "width")).collect();
        let decade = bars[3] / 6.0;
        for (value, bar) in values.iter().zip(&bars) {
            let expected = (value.log10() + 6.0) * decade;
            assert!((bar - expected).abs() <= 1.0, "{value}: {bar}, not {expected}");
        }
        for value in values {
            assert_eq!(
                texts(document).iter().filter(|text| **text == format!("{value:e}")).count().min(2),
                2
            );
        }
    });
}

#[test]
fn bars_of_what_has_no_logarithm() {
    for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, 5e-324] {
        let rows = [Row::new("odd", [Some(odd), None]), Row::new("plain", [Some(2.0), Some(3.0)])];
        parsed(log_bars(["ours", "the course"], &rows, |v| format!("{v:.0e}")), |document| {
            assert_eq!(number(&all(document, "rect")[2], "width"), 0.0, "{odd}");
            assert!(texts(document).contains(&format!("{odd:.0e}")), "the number is there all the same");
        });
    }
    let shown = |v: f64| format!("{v:.0}");
    parsed(log_bars(["ours"], &[], shown), |_| ());
    parsed(log_bars(["ours"], &[Row::new("nothing", [None])], shown), |_| ());
    parsed(log_bars([], &[Row::new("nothing", [])], shown), |_| ());
    parsed(
        log_bars(["a"], &[Row::new("<&\"'>", [Some(1e300)]), Row::new("small", [Some(1e-300)])], |v| {
            format!("{v:.0e}")
        }),
        |_| (),
    );
    parsed(log_bars(["a long name of a series", "another long name", "and a third one"], &[], shown), |_| ());
}

#[test]
fn bins_are_as_high_as_their_counts() {
    let numbers = (0..4).flat_map(|bin| std::iter::repeat_n(bin as f32 + 0.5, 11 * bin));
    let histogram = Histogram::new(numbers, 0.0..4.0, 4, "steps");
    assert_eq!((&histogram.counts, histogram.outside), (&vec![0, 11, 22, 33], 0));
    parsed(histograms(&[("one", vec![histogram])]), |document| {
        let heights: Vec<f64> = all(document, "rect").iter().map(|bin| number(bin, "height")).collect();
        assert_eq!(heights, [44.0 / 3.0_f64, 88.0 / 3.0, 44.0].map(f64::ceil));
    });
}

#[test]
fn histograms_of_odd_numbers() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 1.0, 0.0, f32::MAX];
    let histogram = Histogram::new(odd, 0.0..1.0, 3, "odd");
    assert_eq!((&histogram.counts, histogram.outside), (&vec![1, 0, 1], 5));
    let empty = Histogram::new([], 0.0..1.0, 3, "");
    parsed(histograms(&[("odd", vec![histogram, empty]), ("no cells", vec![])]), |document| {
        assert_eq!(all(document, "rect").len(), 2);
    });
    parsed(histograms::<&str>(&[]), |_| ());
}

#[test]
#[should_panic(expected = "a histogram needs a bin and a range")]
fn a_histogram_without_a_range() {
    let _ = Histogram::new([1.0], 1.0..1.0, 3, "");
}

#[test]
#[should_panic(expected = "not 3 in -inf..inf")]
fn a_histogram_without_end() {
    let _ = Histogram::new([1.0], f32::NEG_INFINITY..f32::INFINITY, 3, "");
}

#[test]
fn a_curve_is_as_high_as_its_numbers() {
    let straight = Line::new("straight", [(0.0, -1.0), (1.0, 0.0), (4.0, 3.0)]);
    let broken = Line::new("broken", [(0.0, 3.0), (2.0, f64::NAN), (3.0, 3.0), (4.0, 3.0)]);
    parsed(lines(&[straight, broken], "epoch", "loss"), |document| {
        let dots = all(document, "circle");
        let at: Vec<_> = dots.iter().map(|dot| (number(dot, "cx"), number(dot, "cy"))).collect();
        let ((left, low), (right, high)) = (at[0], at[2]);
        assert!(left < right && low > high, "to the right and upwards");
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1.0, "{a} and {b}");
        close(at[1].0, left + (right - left) / 4.0);
        close(at[1].1, low + (high - low) / 4.0);
        assert_eq!(at[3..], [(left, high), ((left + (right - left) * 0.75).floor(), high), (right, high)]);
        let colour = |of: usize| fill(&dots[of]);
        assert!(colour(0) == Colour::series(0).css() && colour(3) == Colour::series(1).css());
        // A gap where there is no number: the second curve is a point and a line.
        let drawn = |series| {
            let strokes = all(document, "polyline");
            strokes.iter().filter(|l| l.attribute("stroke") == Some(&Colour::series(series).css())).count()
        };
        assert_eq!((drawn(0), drawn(1)), (1, 2));
        let named =
            |name: &str| all(document, "text").into_iter().find(|t| t.text().unwrap_or("").trim() == name);
        assert_eq!(named("broken").map(|text| fill(&text)), Some(Colour::series(1).css()));
        assert!(
            ["epoch", "loss", "−1", "3"].iter().all(|name| named(name).is_some()),
            "{:?}",
            texts(document)
        );
    });
}

#[test]
fn curves_of_odd_numbers() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    for x in odd {
        let line = Line::new("odd", [(x, 1.0), (1.0, x), (x, x)]);
        parsed(lines(&[line], "x", "y"), |document| assert!(all(document, "circle").is_empty()));
    }
    parsed(lines(&[], "x", "y"), |_| ());
    parsed(lines(&[Line::new("", [])], "<&>", "\"y\""), |_| ());
    for one in [0.0, 7.0, -1e-300, 1e300, -3.4e38] {
        parsed(lines(&[Line::new("one", [(one, one)])], "x", "y"), |document| {
            assert_eq!(all(document, "circle").len(), 1, "{one}");
        });
    }
    for (low, high) in [
        (-1e300, 1e300),
        (0.0, 5e-324),
        (9e299, 1e300),
        (1.0, 1.0 + f64::EPSILON),
        (-2.5e7, 1e9),
        (0.0, 3.4e38),
    ] {
        parsed(lines(&[Line::new("two", [(low, low), (high, high)])], "x", "y"), |document| {
            assert_eq!(all(document, "circle").len(), 2, "{low} to {high}");
        });
    }
    let diverges = Line::new("diverges", [(0.0, 0.0), (1.0, 2e7)]);
    parsed(lines(&[diverges], "x", "y"), |document| {
        let texts = texts(document);
        assert!(["0", "5e6", "2e7"].iter().all(|number| texts.contains(&number.to_string())), "{texts:?}");
    });
    let many = Line::new("many", (0..1000).map(|i| (f64::from(i), f64::from(i % 7))));
    parsed(lines(&[many], "x", "y"), |document| assert!(all(document, "circle").is_empty()));
}

#[test]
fn an_image_is_as_dark_as_its_pixels() {
    let pixels = array![[0.0, 0.5, 1.0], [-0.25, f32::NAN, 0.0]];
    parsed(image_grid(&[Picture::new(&pixels, "signed")], 1), |document| {
        let squares: Vec<_> = all(document, "rect")[1..]
            .iter()
            .map(|r| (number(r, "x"), number(r, "y"), opacity(r), fill(r)))
            .collect();
        let side = number(&all(document, "rect")[1], "height");
        let (x, y) = (squares[2].0, squares[0].1);
        let expected = [
            (x + side, y, 0.5, Colour::Course),
            (x + 2.0 * side, y, 1.0, Colour::Course),
            (x, y + side, 0.25, Colour::Ours),
        ];
        assert_eq!(squares, expected.map(|(x, y, opacity, colour)| (x, y, opacity, colour.css())));
    });
    let unsigned = array![[0.5, 0.5, 0.0, 1.0]];
    parsed(image_grid(&[Picture::new(&unsigned, "ink")], 1), |document| {
        let runs = &all(document, "rect")[1..];
        let inks: Vec<_> = runs.iter().map(|r| (opacity(r), fill(r))).collect();
        assert_eq!(inks, [(0.5, Colour::Ink.css()), (1.0, Colour::Ink.css())], "equal neighbours are one");
        let side = number(&runs[1], "width");
        assert_eq!(
            (number(&runs[0], "width"), number(&runs[1], "x")),
            (2.0 * side, number(&runs[0], "x") + 3.0 * side)
        );
    });
}

fn opacity(node: &Node<'_, '_>) -> f64 {
    if node.has_attribute("opacity") { number(node, "opacity") } else { 1.0 }
}

fn fill(node: &Node<'_, '_>) -> String {
    node.attribute("fill").unwrap_or_default().into()
}

#[test]
fn odd_images() {
    let (nothing, none, infinite) =
        (Array2::zeros((3, 3)), Array2::zeros((0, 0)), array![[f32::INFINITY, 1.0, f32::NEG_INFINITY]]);
    let pictures = [&nothing, &none, &infinite].map(|pixels| Picture::new(pixels, "<&>"));
    parsed(image_grid(&pictures, 2), |document| {
        assert_eq!(
            all(document, "rect").len(),
            3 + 2,
            "three frames, and in the last one infinity beside 1, and minus infinity"
        );
    });
    parsed(image_grid(&[], 3), |_| ());
    let below = array![[f32::NEG_INFINITY, 0.0, 1.0]];
    parsed(image_grid(&[Picture::new(&below, "minus infinity")], 1), |document| {
        let colours: Vec<String> = all(document, "rect")[1..].iter().map(fill).collect();
        assert_eq!(colours, [Colour::Ours, Colour::Course].map(Colour::css), "it is negative");
    });
}

#[test]
#[should_panic(expected = "images of 1 columns do not fit beside each other")]
fn more_images_in_a_row_than_an_i32_counts() {
    let _ = image_grid(&[], 1 << 32);
}

#[test]
#[should_panic(expected = "3 images of 500 columns do not fit beside each other")]
fn an_image_that_is_too_wide() {
    let wide = Array2::zeros((1, 500));
    let _ = image_grid(&[Picture::new(&wide, "wide")], 3);
}

#[test]
fn boxes_hold_the_numbers_and_show_which_are_stretched() {
    let (m, c) = (array![[1.0_f32, 2.0], [3.0, 4.5]], array![10.0_f32, 20.0]);
    let sum = &m + &c;
    let parts = [
        Grid::new(&m, "m", "(2, 2)"),
        Grid::new(&c.broadcast((2, 2)).unwrap(), "c", "(2) → (2, 2)"),
        Grid::new(&sum, "", ""),
    ];
    parsed(grids(&parts, &["+", "="]), |document| {
        let numbers: Vec<f32> = texts(document).iter().filter_map(|text| text.parse().ok()).collect();
        assert_eq!(numbers, [1.0, 2.0, 3.0, 4.5, 10.0, 20.0, 10.0, 20.0, 11.0, 22.0, 13.0, 24.5]);
        let count = |colour: Colour| all(document, "rect").iter().filter(|r| fill(r) == colour.css()).count();
        assert_eq!((count(Colour::Box), count(Colour::Stretch)), (10, 2));
    });
}

#[test]
fn each_number_of_a_product_is_a_step() {
    let (a, b) = (array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[10.0_f32], [20.0], [30.0]]);
    parsed(row_times_column(&a, &b), |document| {
        let steps = all(document, "g");
        assert_eq!(steps.iter().map(|step| step.attribute("class")).collect::<Vec<_>>(), [Some("step"); 2]);
        let frames: Vec<(f64, f64)> = steps[1]
            .children()
            .filter(|n| n.has_tag_name("rect"))
            .map(|r| (number(&r, "width"), number(&r, "height")))
            .collect();
        assert_eq!(frames, [(120.0, 40.0), (40.0, 120.0), (40.0, 40.0)], "a row, a column, a number");
        assert!(texts(document).contains(&"4·10 + 5·20 + 6·30 = 320".into()));
        let style = all(document, "style")[1].text().unwrap_or_default();
        assert!(
            style.contains("@media (prefers-reduced-motion:no-preference){svg .step{opacity:0;animation:")
        );
        assert_eq!(style.matches("animation:").count(), 1, "what moves is asked for there alone: {style}");
    });
}

#[test]
#[should_panic(expected = "(2, 3) and (2, 3) have no product")]
fn a_product_of_what_does_not_fit() {
    let a = Array2::zeros((2, 3));
    let _ = row_times_column(&a, &a);
}

#[test]
fn a_factor_a_step_is_a_straight_line() {
    let halves = (1..=30).map(|n| 0.5_f64.powi(n)).collect();
    let large = (1..=30).map(|n| 100_f64.powi(n)).collect();
    parsed(log_curves(&[("halves", halves), ("large", large)], "layer"), |document| {
        let dots: Vec<_> = all(document, "circle");
        assert_eq!(dots.len(), 60);
        for curve in dots.chunks(30) {
            let y = |i: usize| number(&curve[i], "cy");
            let slope = (y(29) - y(0)) / 29.0;
            assert!((0..30).all(|i| (y(0) + slope * i as f64 - y(i)).abs() <= 1.0));
        }
        assert!(texts(document).iter().any(|text| text == "10⁶⁰" || text == "10⁵¹"), "{:?}", texts(document));
    });
}

#[test]
fn odd_curves() {
    parsed(log_curves(&[], "step"), |_| ());
    parsed(log_curves(&[("none", vec![])], "step"), |_| ());
    for values in [vec![1.0], vec![1.0, 2.0]] {
        parsed(log_curves(&[("few", values)], "step"), |document| {
            let steps = texts(document).into_iter().filter(|text| ["1", "2"].contains(&text.as_str()));
            assert_eq!(steps.collect::<Vec<_>>(), ["1", "2"], "each is written once");
        });
    }
    parsed(log_curves(&[("odd", vec![0.0, -1.0, f64::NAN, f64::INFINITY, 1.0])], "step"), |document| {
        assert_eq!(all(document, "circle").len(), 1);
    });
}

#[test]
fn odd_grids() {
    parsed(grids(&[], &[]), |_| ());
    parsed(grids(&[], &["+", "?"]), |_| ());
    let numbers = array![[f32::NAN, f32::INFINITY, 1e-30, 123_456.79, 1.0 / 3.0, -1e-5]];
    parsed(grids(&[Grid::new(&numbers, "odd", "(1, 6)").missing(8)], &["because"]), |document| {
        assert!(texts(document).iter().filter(|text| *text == "?").count() == 2);
    });
    parsed(grids(&[Grid::new(&Array2::zeros((0, 3)), "empty", "(0, 3)")], &[]), |_| ());
}

#[test]
fn loops_stand_inside_each_other() {
    let nest = |n: usize| -> Vec<Loop> {
        (0..n).map(|i| Loop { index: "i".into(), size: 10 * i, summed: i > 1 }).collect()
    };
    for n in [0, 1, 3, 6] {
        parsed(loop_nest(&nest(n), "c[i] += a[i] * b[i]"), |document| {
            let boxes = all(document, "rect");
            let ends = |r: &Node<'_, '_>| {
                (number(r, "x"), number(r, "x") + number(r, "width"), number(r, "y") + number(r, "height"))
            };
            let grounds: Vec<_> = boxes.iter().step_by(2).map(ends).collect();
            assert_eq!(grounds.len(), n);
            assert!(
                grounds
                    .windows(2)
                    .all(|two| two[0].0 < two[1].0 && two[0].1 > two[1].1 && two[0].2 > two[1].2)
            );
        });
    }
}

#[test]
fn a_draw_is_where_its_number_is() {
    let values = vec![-2.0, 0.0, 1.0, 2.0];
    let draws = Draws { name: "draws".into(), values: values.clone(), mean: 0.25, std: 1.5 };
    parsed(spreads(&[draws]), |document| {
        let x: Vec<f64> = all(document, "circle").iter().map(|dot| number(dot, "cx")).collect();
        let (slope, middle) = ((x[3] - x[0]) / 4.0, x[1]);
        assert!(values.iter().zip(&x).all(|(value, x)| (middle + slope * value - x).abs() <= 1.0));
        let bar = all(document, "rect")[0];
        assert!((number(&bar, "width") - 3.0 * slope).abs() <= 1.0, "one standard deviation to either side");
        assert!(texts(document).contains(&"0.250 ± 1.500".into()));
        let tick = all(document, "text").into_iter().find(|text| text.text().unwrap().trim() == "1").unwrap();
        assert!((number(&tick, "x") - x[2]).abs() <= 1.0);
    });
}

#[test]
fn odd_draws() {
    let draws = |values: &[f64], mean, std| Draws { name: "odd".into(), values: values.into(), mean, std };
    parsed(spreads(&[]), |_| ());
    parsed(spreads(&[draws(&[], f64::NAN, f64::NAN)]), |_| ());
    parsed(spreads(&[draws(&[7.0], 7.0, f64::NAN)]), |document| assert_eq!(all(document, "circle").len(), 1));
    parsed(spreads(&[draws(&[0.0, 0.0], 0.0, 0.0)]), |_| ());
    parsed(spreads(&[draws(&[f64::NAN, f64::INFINITY, 1e12, -1e-12], 0.0, f64::INFINITY)]), |document| {
        assert_eq!(all(document, "circle").len(), 2);
    });
    parsed(spreads(&[draws(&[f64::MAX, f64::MIN, 0.0], 0.0, f64::MAX)]), |document| {
        assert_eq!(all(document, "circle").len(), 1, "the distance of two that are drawn is a number");
    });
    parsed(spreads(&[draws(&[0.0, 2e7], 1e7, 1e7)]), |document| {
        let texts = texts(document);
        assert!(["0", "5e6", "2e7"].iter().all(|number| texts.contains(&number.to_string())), "{texts:?}");
    });
}

#[test]
fn strips_of_any_length() {
    let stop = |value: f64| Stop { name: "l1".into(), shape: "(50000, 784)".into(), value, gradient: value };
    let step =
        || Step { forward: "lin(x, w1, b1)".into(), backward: "‖w1.g‖ = 123, ‖b1.g‖ = 4.56".into() };
    for (stops, steps) in [(0, 0), (0, 2), (1, 0), (2, 1), (3, 5), (4, 1)] {
        let stops: Vec<Stop> = (0..stops).map(|i| stop([f64::NAN, 0.0, f64::INFINITY, 1e-9][i])).collect();
        let steps: Vec<Step> = (0..steps).map(|_| step()).collect();
        parsed(strip(&stops, &steps), |document| {
            assert_eq!(
                all(document, "rect").len(),
                2 * stops.len() + 2 * steps.len().min(stops.len().max(1) - 1)
            );
        });
    }
}

#[test]
#[should_panic(expected = "a figure needs a caption and a description")]
fn a_figure_without_words() {
    let _ = loop_nest(&[], "").describe("A caption", " ");
}
