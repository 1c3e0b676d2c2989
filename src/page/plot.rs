//! Plots for any figures: bars with their intervals, lines over a scale.
#![expect(clippy::cast_precision_loss, reason = "places on a page")]

use std::fmt::Write;

use super::{escape, figure, svg};

const WIDTH: f64 = 480.0;

/// A bar, with the interval in which the truth lies.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) title: String,
    /// A class of the style sheet, which gives the colour.
    pub(crate) class: &'static str,
    pub(crate) value: f64,
    pub(crate) range: Option<(f64, f64)>,
    /// As it is written behind the bar.
    pub(crate) shown: String,
}

/// Bars under each other, from nothing to the greatest of them.
pub(crate) fn bars(bars: &[Bar]) -> String {
    const LEFT: f64 = 170.0;
    const ROW: f64 = 22.0;
    let reach = |bar: &Bar| bar.range.map_or(bar.value, |(_, high)| high.max(bar.value));
    let most = bars.iter().map(reach).fold(1e-9_f64, f64::max);
    let x = |value: f64| (value.max(0.0) / most * (WIDTH - LEFT - 70.0)).min(WIDTH);
    let mut drawing = svg(WIDTH, ROW * bars.len() as f64 + 6.0);
    for (row, bar) in bars.iter().enumerate() {
        let top = ROW * row as f64 + 4.0;
        let middle = top + 8.0;
        let _ = write!(
            drawing,
            r#"<text x="{}" y="{middle}" text-anchor="end" dominant-baseline="middle">{}</text><rect class="{}" fill-opacity=".75" x="{LEFT}" y="{top}" width="{:.1}" height="16"/>"#,
            LEFT - 8.0,
            escape(&bar.title),
            bar.class,
            x(bar.value),
        );
        if let Some((low, high)) = bar.range {
            let _ = write!(
                drawing,
                r#"<line x1="{:.1}" x2="{:.1}" y1="{middle}" y2="{middle}" stroke="var(--ink)"/>"#,
                LEFT + x(low),
                LEFT + x(high)
            );
        }
        let _ = write!(
            drawing,
            r#"<text x="{:.1}" y="{middle}" dominant-baseline="middle">{}</text>"#,
            LEFT + x(reach(bar)) + 8.0,
            escape(&bar.shown)
        );
    }
    drawing + "</svg>"
}

/// Where a point stands, and the interval in which its height may lie.
pub(crate) type Point = (f64, f64, Option<(f64, f64)>);

/// A line through points, with the interval of each where there is one.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) title: String,
    pub(crate) class: &'static str,
    pub(crate) points: Vec<Point>,
}

/// Lines over a scale from the least to the greatest `x`; `label` writes a place of it, `count` of which are written.
pub(crate) fn lines(lines: &[Line], count: usize, label: impl Fn(f64) -> String) -> String {
    const HEIGHT: f64 = 220.0;
    const LEFT: f64 = 46.0;
    const BOTTOM: f64 = 24.0;
    let points = || lines.iter().flat_map(|line| &line.points);
    let (low, high) = points().fold((f64::MAX, f64::MIN), |(low, high), (x, ..)| (low.min(*x), high.max(*x)));
    if low > high {
        return String::new();
    }
    let most = points().map(|(_, y, range)| range.map_or(*y, |(_, high)| high.max(*y))).fold(1e-9_f64, f64::max);
    let x = |at: f64| LEFT + (at - low) / (high - low).max(1e-9) * (WIDTH - LEFT - 16.0);
    let y = |value: f64| HEIGHT - BOTTOM - value.max(0.0) / most * (HEIGHT - BOTTOM - 14.0);
    let mut drawing = svg(WIDTH, HEIGHT);
    for step in 0..=4 {
        let value = most * f64::from(step) / 4.0;
        let _ = write!(
            drawing,
            r#"<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{0:.1}" y2="{0:.1}"/><text class="dim" x="{1}" y="{0:.1}" text-anchor="end" dominant-baseline="middle">{2}</text>"#,
            y(value),
            LEFT - 6.0,
            figure(value)
        );
    }
    for step in 0..count {
        let at = low + (high - low) * step as f64 / (count.max(2) - 1) as f64;
        let _ = write!(
            drawing,
            r#"<text class="dim" x="{:.1}" y="{}" text-anchor="middle">{}</text>"#,
            x(at),
            HEIGHT - 6.0,
            escape(&label(at))
        );
    }
    for (row, line) in lines.iter().enumerate() {
        let mut path = String::new();
        for (at, value, range) in &line.points {
            let _ = write!(path, "{:.1},{:.1} ", x(*at), y(*value));
            if let Some((low, high)) = range {
                let _ = write!(
                    drawing,
                    r#"<line class="{}" opacity=".45" x1="{1:.1}" x2="{1:.1}" y1="{2:.1}" y2="{3:.1}"/>"#,
                    line.class,
                    x(*at),
                    y(*low),
                    y(*high)
                );
            }
        }
        let at = 14.0 + 16.0 * row as f64;
        let _ = write!(
            drawing,
            r#"<polyline class="{0} line" style="fill:none" points="{path}"/><rect class="{0}" x="{1}" y="{at}" width="12" height="4"/><text x="{2}" y="{3}">{4}</text>"#,
            line.class,
            LEFT + 10.0,
            LEFT + 28.0,
            at + 6.0,
            escape(&line.title)
        );
    }
    drawing + "</svg>"
}
