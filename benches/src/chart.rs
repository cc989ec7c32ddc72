//! The record as pictures: share of the machine's limit, and growth.

use crate::record::{Experiment, Record, Run};
use anyhow::Result;
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
        let threads = run.threads_in_words();
        for part in ["matmul", "net", "epoch", "convolution", "einsum", "elementwise"] {
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
    let (plot, side) = area.split_horizontally(1000 - LEGEND);
    draw(&plot, &title, &experiments, run)?;
    legend(&side, &names(&experiments))?;
    area.present()?;
    drop((plot, side, area));
    Ok(Some(Chart { name: name.into(), title, svg: in_the_dark(&svg) }))
}

/// What the legend takes of the width, beside the plot, where it covers nothing.
const LEGEND: i32 = 170;

/// Turns paper and ink round where the reader prefers a dark page; the colours are chosen to be seen on both.
fn in_the_dark(svg: &str) -> String {
    const STYLE: &str = "<style>@media (prefers-color-scheme: dark) { rect[fill='#FFFFFF'] { fill: #0d1117 } \
        text { fill: #e6edf3 } line, polyline[stroke='#000000'] { stroke: #e6edf3 } }</style>\n";
    let head = svg.find('>').map_or(0, |end| end + 1);
    format!("{}\n{STYLE}{}", &svg[..head], &svg[head..])
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

/// Ours in blues, from dark to light; the peers in the other colours of Okabe and Ito's palette, which the colour-blind
/// can tell apart.
fn colours(names: &[String]) -> Vec<RGBColor> {
    const OURS: [(u8, u8, u8); 7] = [
        (0, 72, 140),
        (0, 114, 178),
        (45, 145, 205),
        (86, 180, 233),
        (140, 205, 240),
        (95, 110, 200),
        (150, 160, 225),
    ];
    const PEERS: [(u8, u8, u8); 7] = [
        (230, 159, 0),
        (0, 158, 115),
        (213, 94, 0),
        (204, 121, 167),
        (200, 180, 30),
        (120, 120, 120),
        (140, 86, 75),
    ];
    let (mut ours, mut peers) = (OURS.iter().cycle(), PEERS.iter().cycle());
    let next = |name: &String| if name.starts_with("nb") { ours.next() } else { peers.next() };
    names.iter().filter_map(next).map(|&(r, g, b)| RGBColor(r, g, b)).collect()
}

/// A group an experiment, a bar a contender: higher is better, 100 % is what the machine can do at all.
fn bars(area: &Area, title: &str, experiments: &[&Experiment], _: &Run) -> Result<()> {
    let names = names(experiments);
    let shares = experiments.iter().flat_map(|e| &e.entries).map(|e| e.share_of_limit * 100.0);
    let top = shares.fold(100.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(64)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..experiments.len() as f64, 0.0..top * 1.02)?;
    let percent = |share: &f64| format!("{share:.0} %");
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh()
        .x_labels(0)
        .y_label_formatter(&percent)
        .label_style(LABEL)
        .max_light_lines(1)
        .draw()?;
    for (i, (name, colour)) in names.iter().zip(colours(&names)).enumerate() {
        let bar = |(group, experiment): (usize, &&Experiment)| {
            let share = experiment.entries.iter().find(|entry| entry.name == *name)?.share_of_limit;
            let width = 0.85 / names.len() as f64;
            let left = group as f64 + 0.075 + i as f64 * width;
            Some(Rectangle::new([(left, 0.0), (left + width * 0.9, share * 100.0)], colour.filled()))
        };
        chart.draw_series(experiments.iter().enumerate().filter_map(bar))?;
    }
    for (group, experiment) in experiments.iter().enumerate() {
        let (x, y) = chart.backend_coord(&(group as f64 + 0.5, 0.0));
        let style = LABEL.into_font().color(&BLACK);
        let centred = style.pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Top,
        ));
        // What is said in words is below the sizes, as side by side the names would run into each other.
        let words = if experiment.name.contains(',') { ", " } else { " " };
        for (line, text) in (0..).zip(experiment.name.split(words)) {
            area.draw_text(text, &centred, (x, y + 6 + 14 * line))?;
        }
    }
    Ok(())
}

/// The style of what is written beside an axis.
const LABEL: (&str, i32) = ("sans-serif", 13);

/// A line a contender, both axes logarithmic: a power law is straight, and its slope the exponent.
fn lines(area: &Area, title: &str, experiments: &[&Experiment], run: &Run) -> Result<()> {
    let part = &experiments[0].part;
    let curves: Vec<(String, Vec<(f64, f64)>)> = names(experiments)
        .into_iter()
        .map(|name| {
            let points = run.curve(part, &name).into_iter().map(|(size, time)| (size, time * 1e3)).collect();
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
    let mut mesh = chart.configure_mesh();
    mesh.label_style(LABEL).x_label_formatter(&plain).y_label_formatter(&plain).max_light_lines(1).draw()?;
    let colours = colours(&names(experiments));
    for ((_, points), colour) in curves.into_iter().zip(colours) {
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?;
    }
    Ok(())
}

/// From a little below the least to a little above the greatest.
fn span(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, 0.0), |(low, high), x| (x.min(low), x.max(high)));
    low * 0.8..high * 1.25
}

/// A square and a name for each contender, one below the other.
fn legend(side: &Area, names: &[String]) -> Result<()> {
    for ((row, name), colour) in (0..).zip(names).zip(colours(names)) {
        let y = 48 + 20 * row;
        side.draw(&Rectangle::new([(4, y), (16, y + 12)], colour.filled()))?;
        side.draw_text(name, &LABEL.into_font().color(&BLACK), (22, y))?;
    }
    Ok(())
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
            assert!(chart.svg.contains("prefers-color-scheme: dark"));
        }
    }
}
