//! The plots: bars, curves over percentiles, stacked bars.

use std::fmt::Write;

use crate::bench::figures::{Curve, Spread};
use crate::bench::plan::Kind;
use crate::page::{figure, svg};

const WIDTH: f64 = 480.0;

/// One bar a contestant, with a dot for each round.
pub(super) fn bars(rows: &[(Kind, Vec<f64>)]) -> String {
    const LEFT: f64 = 136.0;
    const ROW: f64 = 34.0;
    let most = rows.iter().flat_map(|(_, values)| values).fold(1e-9_f64, |most, value| most.max(*value));
    let x = |value: f64| value / most * (WIDTH - LEFT - 66.0);
    let mut svg = svg(WIDTH, ROW * rows.len() as f64 + 6.0);
    for (index, (kind, values)) in rows.iter().enumerate() {
        let Some(spread) = Spread::of(values.iter().copied()) else { continue };
        let (top, class) = (ROW * index as f64 + 6.0, kind.slug());
        let middle = top + 15.0;
        let _ = write!(
            svg,
            r#"<text x="{}" y="{middle}" text-anchor="end" dominant-baseline="middle">{}</text><rect class="{class}" fill-opacity=".75" x="{LEFT}" y="{top}" width="{:.1}" height="24"/><text x="{:.1}" y="{middle}" dominant-baseline="middle">{:.0}</text>"#,
            LEFT - 8.0,
            kind.title(),
            x(spread.median),
            LEFT + x(spread.max) + 10.0,
            spread.median,
        );
        for value in values {
            let _ = write!(
                svg,
                r#"<circle cx="{:.1}" cy="{}" r="3" fill="var(--paper)" stroke="var(--ink)"/>"#,
                LEFT + x(*value),
                top + 12.0
            );
        }
    }
    svg + "</svg>"
}

/// Latency over percentiles, each further nine as wide as the one before; both axes logarithmic.
pub(super) fn curves(curves: &[&Curve]) -> String {
    const HEIGHT: f64 = 250.0;
    const LEFT: f64 = 46.0;
    const BOTTOM: f64 = 24.0;
    const NINES: [(&str, f64); 5] = [("0", 0.0), ("90 %", 1.0), ("99 %", 2.0), ("99.9 %", 3.0), ("99.99 %", 4.0)];
    let values = || curves.iter().flat_map(|curve| &curve.points).map(|(_, ms)| ms.max(0.01));
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.02, f64::max));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    let furthest =
        curves.iter().flat_map(|curve| &curve.points).map(|(quantile, _)| nines(*quantile)).fold(1.0, f64::max);
    let x = |quantile: f64| LEFT + nines(quantile) / furthest * (WIDTH - LEFT - 24.0);
    let y = |ms: f64| HEIGHT - BOTTOM - (ms.max(0.01).log10() - low) / (high - low).max(1.0) * (HEIGHT - BOTTOM - 12.0);
    let mut svg = svg(WIDTH, HEIGHT);
    for decade in low as i32..=high as i32 {
        let ms = 10f64.powi(decade);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{0:.1}" y2="{0:.1}"/><text class="dim" x="{1}" y="{0:.1}" text-anchor="end" dominant-baseline="middle">{ms}</text>"#,
            y(ms),
            LEFT - 6.0,
        );
    }
    for (title, at) in NINES.into_iter().filter(|(_, at)| *at <= furthest + 1e-9) {
        let at = LEFT + at / furthest * (WIDTH - LEFT - 24.0);
        let _ =
            write!(svg, r#"<text class="dim" x="{at:.1}" y="{}" text-anchor="middle">{title}</text>"#, HEIGHT - 6.0);
    }
    for (index, curve) in curves.iter().enumerate() {
        let mut points = String::new();
        for (quantile, ms) in &curve.points {
            let _ = write!(points, "{:.1},{:.1} ", x(*quantile), y(*ms));
        }
        let class = curve.kind.slug();
        let _ = write!(
            svg,
            r#"<polyline class="{class} line" style="fill:none" points="{points}"/><rect class="{class}" x="{0}" y="{1}" width="12" height="4"/><text x="{2}" y="{3}">{4}</text>"#,
            LEFT + 10.0,
            14.0 + 16.0 * index as f64,
            LEFT + 28.0,
            20.0 + 16.0 * index as f64,
            curve.kind.title(),
        );
    }
    svg + "</svg>"
}

/// A row of [`stacks`].
pub(super) struct Stack {
    pub(super) group: usize,
    pub(super) title: String,
    pub(super) parts: [f64; 3],
}

fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-9).log10()
}

/// One bar a row, of three parts: broker, process, load generator. Each group has a scale of its own.
pub(super) fn stacks(rows: &[Stack]) -> String {
    const WIDE: f64 = 900.0;
    const LEFT: f64 = 260.0;
    const ROW: f64 = 24.0;
    const PARTS: [(&str, &str); 3] = [("b", "broker"), ("r", "process"), ("p", "load generator")];
    let most_of = |group: usize| {
        rows.iter().filter(|row| row.group == group).map(|row| row.parts.iter().sum::<f64>()).fold(1e-9_f64, f64::max)
    };
    let mut svg = svg(WIDE, ROW * rows.len() as f64 + 30.0);
    for (index, (class, title)) in PARTS.into_iter().enumerate() {
        let at = LEFT + 130.0 * index as f64;
        let _ = write!(
            svg,
            r#"<rect class="{class}" x="{at}" y="4" width="12" height="12"/><text x="{}" y="14">{title}</text>"#,
            at + 18.0
        );
    }
    for (index, Stack { group, title, parts }) in rows.iter().enumerate() {
        let most = most_of(*group);
        let top = ROW * index as f64 + 26.0;
        let _ = write!(svg, r#"<text x="{}" y="{}" text-anchor="end">{title}</text>"#, LEFT - 8.0, top + 13.0);
        let mut at = LEFT;
        for ((class, _), part) in PARTS.into_iter().zip(parts) {
            let width = part / most * (WIDE - LEFT - 60.0);
            let _ = write!(
                svg,
                r#"<rect class="{class}" stroke="none" x="{at:.1}" y="{top}" width="{width:.1}" height="18"/>"#
            );
            if width > 30.0 {
                let _ = write!(
                    svg,
                    r#"<text x="{:.1}" y="{}" text-anchor="middle" style="fill:var(--paper)">{}</text>"#,
                    at + width / 2.0,
                    top + 13.0,
                    figure(*part)
                );
            }
            at += width;
        }
        let _ = write!(svg, r#"<text x="{:.1}" y="{}">{}</text>"#, at + 6.0, top + 13.0, figure(parts.iter().sum()));
    }
    svg + "</svg>"
}
