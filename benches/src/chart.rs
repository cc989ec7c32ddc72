//! The record as pictures: share of the machine's limit, and growth.

use crate::record::{Experiment, Record, Run};
use crate::report::{curve, threads};
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::ops::Range;

/// A picture: its file name's end, its title and the SVG.
pub(crate) struct Chart {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) svg: String,
}

/// All that the record has data for.
pub(crate) fn all(record: &Record) -> Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for run in &record.runs {
        let threads = threads(run);
        for part in ["matmul", "net"] {
            let title = format!("{part}: share of the machine's limit, {threads}");
            charts.extend(chart(run, part, &format!("{part}-{}", run.threads), title, bars)?);
        }
        for (part, name) in [("growth with rows", "rows"), ("growth with k", "k")] {
            let title = format!("{part}: milliseconds, {threads}");
            charts.extend(chart(run, part, &format!("{name}-{}", run.threads), title, lines)?);
        }
    }
    Ok(charts)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn chart(
    run: &Run,
    part: &str,
    name: &str,
    title: String,
    draw: fn(&Area, &str, &[&Experiment], &Run) -> Result<()>,
) -> Result<Option<Chart>> {
    let experiments: Vec<&Experiment> = run.part(part).collect();
    if experiments.is_empty() {
        return Ok(None);
    }
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (1000, 440)).into_drawing_area();
    area.fill(&WHITE)?;
    draw(&area, &title, &experiments, run)?;
    area.present()?;
    drop(area);
    Ok(Some(Chart { name: name.into(), title, svg }))
}

/// The contenders in the order of their first appearance.
fn names(experiments: &[&Experiment]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in experiments.iter().flat_map(|experiment| &experiment.entries) {
        if !names.contains(&entry.name) {
            names.push(entry.name.clone());
        }
    }
    names
}

/// Ours in strong blues, the peers in other colours: Okabe and Ito's palette, which the colour-blind can tell apart.
fn colour(i: usize) -> RGBColor {
    const COLOURS: [(u8, u8, u8); 9] = [
        (0, 114, 178),
        (86, 180, 233),
        (230, 159, 0),
        (0, 158, 115),
        (213, 94, 0),
        (204, 121, 167),
        (240, 228, 66),
        (120, 120, 120),
        (0, 0, 0),
    ];
    let (r, g, b) = COLOURS[i % COLOURS.len()];
    RGBColor(r, g, b)
}

/// A group an experiment, a bar a contender: higher is better, 100 % is what the machine can do at all.
fn bars(area: &Area, title: &str, experiments: &[&Experiment], _: &Run) -> Result<()> {
    let names = names(experiments);
    let shares = experiments.iter().flat_map(|e| &e.entries).map(|e| e.share_of_limit * 100.0);
    let top = shares.fold(100.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(48)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..experiments.len() as f64 + 1.5, 0.0..top * 1.02)?;
    chart.configure_mesh().disable_x_mesh().x_labels(0).y_desc("% of the limit").max_light_lines(1).draw()?;
    for (i, name) in names.iter().enumerate() {
        let bar = |(group, experiment): (usize, &&Experiment)| {
            let share = experiment.entries.iter().find(|entry| entry.name == *name)?.share_of_limit;
            let width = 0.85 / names.len() as f64;
            let left = group as f64 + 0.075 + i as f64 * width;
            Some(Rectangle::new([(left, 0.0), (left + width * 0.9, share * 100.0)], colour(i).filled()))
        };
        chart
            .draw_series(experiments.iter().enumerate().filter_map(bar))?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour(i).filled()));
    }
    for (group, experiment) in experiments.iter().enumerate() {
        let (x, y) = chart.backend_coord(&(group as f64 + 0.5, 0.0));
        let style = ("sans-serif", 13).into_font().color(&BLACK);
        let centred = style.pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Top,
        ));
        let line = if group % 2 == 0 { 8 } else { 24 }; // long names side by side would run into each other
        area.draw_text(&experiment.name, &centred, (x, y + line))?;
    }
    legend(&mut chart, SeriesLabelPosition::UpperRight) // there the axis is longer than the bars need
}

/// A line a contender, both axes logarithmic: a power law is straight, and its slope the exponent.
fn lines(area: &Area, title: &str, experiments: &[&Experiment], run: &Run) -> Result<()> {
    let part = &experiments[0].part;
    let curves: Vec<(String, Vec<(f64, f64)>)> = names(experiments)
        .into_iter()
        .map(|name| {
            let points = curve(run, part, &name).into_iter().map(|(size, time)| (size, time * 1e3)).collect();
            (name, points)
        })
        .collect();
    let all: Vec<(f64, f64)> = curves.iter().flat_map(|(_, points)| points.iter().copied()).collect();
    let (x, y) = (span(all.iter().map(|p| p.0)), span(all.iter().map(|p| p.1)));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(60)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    let plain = |value: &f64| format!("{value}");
    chart.configure_mesh().y_desc("ms").x_label_formatter(&plain).y_label_formatter(&plain).draw()?;
    for (i, (name, points)) in curves.into_iter().enumerate() {
        chart
            .draw_series(LineSeries::new(points, colour(i).stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], colour(i).stroke_width(3)));
    }
    legend(&mut chart, SeriesLabelPosition::UpperLeft)
}

/// From a little below the least to a little above the greatest.
fn span(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, 0.0), |(low, high), x| (x.min(low), x.max(high)));
    low * 0.8..high * 1.25
}

fn legend<'a, X, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    position: SeriesLabelPosition,
) -> Result<()>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .label_font(("sans-serif", 13))
        .draw()
        .map_err(|error| anyhow!("drawing the legend: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::example;

    #[test]
    fn a_chart_for_each_part_that_was_measured() {
        let charts = all(&example()).expect("the example can be drawn");
        let names: Vec<&str> = charts.iter().map(|chart| chart.name.as_str()).collect();
        assert_eq!(names, ["matmul-2", "rows-2"]);
        for chart in &charts {
            assert!(chart.svg.ends_with("</svg>\n") || chart.svg.ends_with("</svg>"));
            assert!(chart.svg.contains("gemm") && chart.svg.contains("2 threads"));
        }
    }
}
