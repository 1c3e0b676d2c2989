//! Reports as one HTML page.

use std::fmt::Write;

use super::comparison::Comparison;
use super::figures::{GroupKind, Measure, Unit};
use super::interval::Estimate;
use super::report::{HourReport, Report};
use super::text::{COLUMNS, about, comparison_text, shown, text, with_interval};
use crate::page::{Bar, Line, Point, bars, escape, head, lines};

/// The colours of the first and the second.
const CLASSES: [&str; 2] = ["r", "p2"];

/// With more hours than these every third is written below a plot.
const HOURS_WRITTEN: f64 = 11.0;
/// The longest of all waits is left out of the curve: it would be all that one sees.
const PERCENTILES_TO: f64 = 0.995;

/// A figure of an hour.
type OfHour = fn(&HourReport) -> Option<Estimate>;

/// A report.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut page = head("rolecall simulate");
    let _ = write!(page, "<h1>{}</h1><p>{}</p>", escape(&report.scenario), escape(&about(report)));
    plots(&mut page, &[("", report)]);
    table(&mut page, report);
    let _ = writeln!(page, "<h2>As text</h2><pre>{}</pre></body></html>", escape(&text(report)));
    page
}

/// Two reports side by side.
#[must_use]
pub fn comparison_page(comparison: &Comparison) -> String {
    let Comparison { before, after, .. } = comparison;
    let mut page = head("rolecall simulate --compare");
    let _ = write!(
        page,
        "<h1>{} and {}</h1><p>Both meet the same customers with the same work and patience.</p><p>{}</p><p>{}</p>",
        escape(&before.scenario),
        escape(&after.scenario),
        escape(&about(before)),
        escape(&about(after)),
    );
    plots(&mut page, &[("before", before), ("after", after)]);
    differences(&mut page, comparison);
    let _ = writeln!(page, "<h2>As text</h2><pre>{}</pre></body></html>", escape(&comparison_text(comparison)));
    page
}

fn plots(page: &mut String, reports: &[(&str, &Report)]) {
    page.push_str(
        "<h2>By role and channel</h2><p>With the interval in which the truth lies, at 95 %.</p><div class=two>",
    );
    for (measure, title) in [
        (Measure::WaitMean, "Mean wait"),
        (Measure::ServiceLevel, "Answered in time"),
        (Measure::AbandonShare, "Hang up"),
        (Measure::Occupancy, "Occupancy of the role's agents"),
    ] {
        let drawn = group_bars(reports, measure);
        if drawn.iter().any(|bar| bar.value > 0.0) {
            let _ = write!(page, "<figure><figcaption>{title}</figcaption>{}</figure>", bars(&drawn));
        }
    }
    page.push_str("</div><h2>By hour of the day</h2><div class=two>");
    // Each with its scale, and how great it can be.
    let by_hour: [(OfHour, &str, f64, f64); 4] = [
        (|hour| hour.arrived, "Tickets that come in the hour", 1.0, f64::MAX),
        (|hour| hour.wait_mean_s, "Mean wait of those who came in the hour, in seconds", 1.0, f64::MAX),
        (|hour| hour.in_time_share, "Answered in time, in per cent", 100.0, 1.0),
        (|hour| hour.abandon_share, "Hang up, in per cent", 100.0, 1.0),
    ];
    let hours = reports.iter().flat_map(|(_, report)| report.hours.iter().map(|hour| f64::from(hour.hour)));
    let (first, last) = hours.fold((24.0_f64, 0.0_f64), |(first, last), hour| (first.min(hour), last.max(hour)));
    let every = if last - first > HOURS_WRITTEN { 3.0 } else { 1.0 };
    for (value, title, scale, most) in by_hour {
        let series: Vec<Line> = series(reports, |report| {
            let point = |hour: &HourReport| {
                let it = value(hour)?;
                let range = it.range().map(|(low, high)| (low.max(0.0) * scale, high.min(most) * scale));
                Some((f64::from(hour.hour), it.mean * scale, range))
            };
            report.hours.iter().filter_map(point).collect()
        });
        let drawn = lines(&series, every, |hour| format!("{hour:.0}:00"));
        let _ = write!(page, "<figure><figcaption>{title}</figcaption>{drawn}</figure>");
    }
    let waits = series(reports, |report| {
        let curve = report.distribution.iter().filter(|(_, share)| *share < PERCENTILES_TO);
        curve.map(|(seconds, share)| (share * 100.0, *seconds, None)).collect()
    });
    let drawn = lines(&waits, 10.0, |percent| format!("{percent:.0} %"));
    let _ = write!(
        page,
        "<figure><figcaption>Seconds within which so many of those who were answered had an agent</figcaption>{drawn}</figure></div>"
    );
}

fn series(reports: &[(&str, &Report)], points: impl Fn(&Report) -> Vec<Point>) -> Vec<Line> {
    let line = |((title, report), class): (&(&str, &Report), &'static str)| {
        let title = if title.is_empty() { &report.scenario } else { *title };
        Line { title: title.to_owned(), class, points: points(report) }
    };
    reports.iter().zip(CLASSES).map(line).collect()
}

fn group_bars(reports: &[(&str, &Report)], measure: Measure) -> Vec<Bar> {
    let (_, unit, _) = measure.described();
    let Some((_, first)) = reports.first() else { return Vec::new() };
    let mut drawn = Vec::new();
    for group in first.groups.iter().filter(|group| group.name.kind == GroupKind::Role) {
        for ((title, report), class) in reports.iter().zip(CLASSES) {
            let other = report.groups.iter().find(|other| other.name == group.name);
            let Some(estimate) = other.and_then(|other| other.get(measure)) else { continue };
            let title =
                if title.is_empty() { group.name.name.clone() } else { format!("{}, {title}", group.name.name) };
            let shown = shown(estimate.mean, unit);
            drawn.push(Bar { title, class, value: estimate.mean, range: estimate.range(), shown });
        }
    }
    drawn
}

fn table(page: &mut String, report: &Report) {
    page.push_str("<h2>Figures</h2><p>Means over the runs, ± half of the 95 % interval.</p><table><tr><th></th>");
    for (_, title) in COLUMNS {
        let _ = write!(page, "<th>{title}</th>");
    }
    page.push_str("</tr>");
    for group in &report.groups {
        let _ = write!(page, "<tr><td>{}</td>", escape(&group.name.name));
        for (measure, _) in COLUMNS {
            let (_, unit, meaning) = measure.described();
            let value = group.get(measure).map_or_else(|| "–".to_owned(), |it| cell(&it, unit));
            let _ = write!(page, "<td title=\"{}\">{value}</td>", escape(meaning));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

/// A figure, and below it half of its interval.
fn cell(estimate: &Estimate, unit: Unit) -> String {
    let value = shown(estimate.mean, unit);
    match estimate.half_width.filter(|_| unit != Unit::Count) {
        Some(half) => format!("{value}<br><small>± {}</small>", shown(half, unit)),
        None => value,
    }
}

fn differences(page: &mut String, comparison: &Comparison) {
    page.push_str(
        "<h2>Differences</h2><p>Run by run, ± half of the 95 % interval; what may be chance is grey.</p><table><tr><th></th><th>before</th><th>after</th><th>difference</th></tr>",
    );
    for group in &comparison.before.groups {
        let _ = write!(page, "<tr class=load><th colspan=4>{}</th></tr>", escape(&group.name.name));
        for measure in Measure::ALL {
            let Some(found) = comparison.difference(&group.name, measure) else { continue };
            if found.before.mean == 0.0 && found.after.mean == 0.0 {
                continue;
            }
            let (_, unit, meaning) = measure.described();
            let change = with_interval(&found.difference, unit);
            let change = if found.is_certain { change } else { format!("<small>{change}</small>") };
            let _ = write!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{change}</td></tr>",
                escape(meaning),
                shown(found.before.mean, unit),
                shown(found.after.mean, unit)
            );
        }
    }
    page.push_str("</table>");
}
