//! Plots for any figures: bars with their intervals, lines over a scale.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on a page"
)]

use std::fmt::Write;

use super::{escape, svg};

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

/// How many characters of a bar's title have room before it.
const TITLE_MAX: usize = 25;

/// A title as it has room: where it is too long, without its middle, for names often begin alike or end alike.
fn shortened(title: &str) -> String {
    let count = title.chars().count();
    if count <= TITLE_MAX {
        return title.to_owned();
    }
    let kept = (TITLE_MAX - 1) / 2;
    title.chars().take(kept).chain(['…']).chain(title.chars().skip(count - kept)).collect()
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
            r#"<text x="{}" y="{middle}" text-anchor="end" dominant-baseline="middle">{}<title>{}</title></text><rect class="{}" fill-opacity=".75" x="{LEFT}" y="{top}" width="{:.1}" height="16"/>"#,
            LEFT - 8.0,
            escape(&shortened(&bar.title)),
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

/// The most steps of a scale.
const STEPS_MAX: f64 = 5.0;

/// The round step by which a scale reaches so far in a few steps.
fn round_step(most: f64) -> f64 {
    let power = 10_f64.powf((most / STEPS_MAX).log10().floor());
    let multiple = [1.0, 2.0, 2.5, 5.0].into_iter().find(|multiple| multiple * power * STEPS_MAX >= most);
    multiple.unwrap_or(10.0) * power
}

/// Where a drawing of lines has room for what.
struct Frame {
    low: f64,
    high: f64,
    /// The height of the scale.
    most: f64,
    /// Where the plot begins below what says which line is whose.
    top: f64,
}

impl Frame {
    const HEIGHT: f64 = 220.0;
    const LEFT: f64 = 46.0;
    const RIGHT: f64 = 20.0;
    const BOTTOM: f64 = 24.0;
    const LEGEND: f64 = 22.0;

    /// `None` where there is no point.
    fn of(lines: &[Line]) -> Option<Self> {
        let points = || lines.iter().flat_map(|line| &line.points);
        let (low, high) = points().fold((f64::MAX, f64::MIN), |(low, high), (x, ..)| (low.min(*x), high.max(*x)));
        let most = points().map(|(_, y, range)| range.map_or(*y, |(_, high)| high.max(*y))).fold(1e-9_f64, f64::max);
        let step = round_step(most);
        // Whose a single line is the page says.
        let top = if lines.len() > 1 { 8.0 + Self::LEGEND } else { 8.0 };
        (low <= high).then_some(Self { low, high, most: (most / step - 1e-9).ceil() * step, top })
    }

    fn x(&self, at: f64) -> f64 {
        Self::LEFT + (at - self.low) / (self.high - self.low).max(1e-9) * (WIDTH - Self::LEFT - Self::RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let bottom = Self::HEIGHT - Self::BOTTOM;
        bottom - value.max(0.0) / self.most * (bottom - self.top)
    }

    fn scales(&self, drawing: &mut String, every: f64, label: impl Fn(f64) -> String) {
        let step = round_step(self.most);
        for count in 0..=(self.most / step).round() as u32 {
            let value = step * f64::from(count);
            let _ = write!(
                drawing,
                r#"<line class="grid" x1="{0}" x2="{1}" y1="{2:.1}" y2="{2:.1}"/><text class="dim" x="{3}" y="{2:.1}" text-anchor="end" dominant-baseline="middle">{4}</text>"#,
                Self::LEFT,
                WIDTH - Self::RIGHT,
                self.y(value),
                Self::LEFT - 6.0,
                round_figure(value, step)
            );
        }
        for count in 0..=((self.high - self.low) / every).floor() as u32 {
            let at = self.low + every * f64::from(count);
            let _ = write!(
                drawing,
                r#"<text class="dim" x="{:.1}" y="{}" text-anchor="middle">{}</text>"#,
                self.x(at),
                Self::HEIGHT - 6.0,
                escape(&label(at))
            );
        }
    }

    fn line(&self, drawing: &mut String, line: &Line) {
        let mut path = String::new();
        for (at, value, range) in &line.points {
            let _ = write!(path, "{:.1},{:.1} ", self.x(*at), self.y(*value));
            if let Some((low, high)) = range {
                let _ = write!(
                    drawing,
                    r#"<line class="{}" opacity=".45" x1="{1:.1}" x2="{1:.1}" y1="{2:.1}" y2="{3:.1}"/>"#,
                    line.class,
                    self.x(*at),
                    self.y(*low),
                    self.y(*high)
                );
            }
        }
        let _ = write!(drawing, r#"<polyline class="{} line" style="fill:none" points="{path}"/>"#, line.class);
    }
}

/// A step of a scale, with as many digits as the step needs.
fn round_figure(value: f64, step: f64) -> String {
    let digits = (0..6).find(|digits| (step * 10_f64.powi(*digits)).fract().abs() < 1e-6).unwrap_or(6);
    format!("{value:.0$}", usize::try_from(digits).unwrap_or_default())
}

/// Lines over a scale from the least to the greatest `x`; `label` writes a place of it every so far.
pub(crate) fn lines(lines: &[Line], every: f64, label: impl Fn(f64) -> String) -> String {
    let Some(frame) = Frame::of(lines) else { return String::new() };
    let mut drawing = svg(WIDTH, Frame::HEIGHT);
    frame.scales(&mut drawing, every, label);
    for (place, line) in lines.iter().enumerate() {
        frame.line(&mut drawing, line);
        if lines.len() > 1 {
            let left = Frame::LEFT + (WIDTH - Frame::LEFT) / lines.len() as f64 * place as f64;
            let _ = write!(
                drawing,
                r#"<rect class="{0}" x="{left:.1}" y="7" width="12" height="4"/><text x="{1:.1}" y="13">{2}</text>"#,
                line.class,
                left + 18.0,
                escape(&line.title)
            );
        }
    }
    drawing + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_few_and_round_steps() {
        for (most, step) in [(186.0, 50.0), (104.0, 25.0), (0.07, 0.02), (5.0, 1.0), (938.0, 200.0), (1e-9, 2e-10)] {
            let found = round_step(most);
            assert!((found - step).abs() < step * 1e-6, "{most}: {found}");
            assert!(most / found <= STEPS_MAX + 1e-9);
        }
        assert_eq!(round_figure(7.5, 2.5), "7.5");
        assert_eq!(round_figure(150.0, 50.0), "150");
    }

    #[test]
    fn a_title_that_has_no_room_loses_its_middle_and_is_said_whole_when_it_is_pointed_at() {
        let title = "customer-retention-europe, email, as planned";
        assert_eq!(shortened(title), "customer-ret…, as planned");
        assert_eq!(shortened("billing, chat"), "billing, chat");
        let bar = Bar { title: title.to_owned(), class: "r", value: 1.0, range: None, shown: "1 s".to_owned() };
        let drawn = bars(&[bar]);
        assert!(drawn.contains(&format!("<title>{title}</title>")), "{drawn}");
    }

    #[test]
    fn what_says_whose_a_line_is_stands_above_all_lines() {
        let line = |title: &str| Line {
            title: title.to_owned(),
            class: "r",
            points: vec![(0.0, 9.0, None), (1.0, 10.0, Some((8.0, 12.0)))],
        };
        let both = [line("before"), line("after")];
        let frame = Frame::of(&both).unwrap();
        assert!(frame.y(12.0) > 13.0, "{}", frame.y(12.0));
        let drawn = lines(&both, 1.0, |at| format!("{at:.0}"));
        assert!(drawn.contains(">before<") && drawn.contains(">after<"));
        assert!(!lines(&both[..1], 1.0, |at| format!("{at:.0}")).contains("before"), "a single line needs no name");
        assert_eq!(lines(&[], 1.0, |at| format!("{at:.0}")), "");
    }
}
