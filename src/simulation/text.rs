//! Reports as text for a terminal.

use std::fmt::Write;

use super::comparison::Comparison;
use super::figures::{GroupName, Measure, Unit};
use super::interval::Estimate;
use super::report::{GroupReport, Report};
use crate::page::figure;

/// The figures of the table, and what stands above them.
pub(super) const COLUMNS: [(Measure, &str); 10] = [
    (Measure::Arrived, "tickets"),
    (Measure::WaitMean, "mean wait"),
    (Measure::WaitMedian, "median"),
    (Measure::WaitP90, "p90"),
    (Measure::WaitP99, "p99"),
    (Measure::ShareWaiting, "waits"),
    (Measure::ServiceLevel, "in time"),
    (Measure::AbandonShare, "hang up"),
    (Measure::TurnedAwayShare, "turned away"),
    (Measure::Occupancy, "occupancy"),
];

/// A figure in its unit.
pub(super) fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => grouped(value),
        Unit::Seconds => format!("{} s", figure(value)),
        Unit::Share => format!("{:.1} %", value * 100.0),
    }
}

/// With commas between thousands.
pub(super) fn grouped(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return figure(value);
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure with its interval.
pub(super) fn with_interval(estimate: &Estimate, unit: Unit) -> String {
    let value = shown(estimate.mean, unit);
    match estimate.half_width {
        Some(half) => match unit {
            Unit::Share => format!("{value} ± {:.1}", half * 100.0),
            Unit::Seconds => format!("{} ± {} s", figure(estimate.mean), figure(half)),
            Unit::Count => value,
        },
        None => value,
    }
}

/// Where there is no figure.
const NONE: &str = "–";

fn cell(group: &GroupReport, measure: Measure) -> String {
    let Some(estimate) = group.get(measure) else { return NONE.to_owned() };
    let (_, unit, _) = measure.described();
    match measure {
        Measure::WaitMean | Measure::ServiceLevel => with_interval(&estimate, unit),
        Measure::Arrived => grouped(estimate.mean.round()),
        _ => shown(estimate.mean, unit),
    }
}

/// The head of a report: what was played, how often, how fast.
pub(super) fn about(report: &Report) -> String {
    let runs = if report.replications == 1 { "1 run".to_owned() } else { format!("{} runs", report.replications) };
    let tickets = grouped(report.tickets as f64);
    if report.took_s <= 0.0 {
        // What happened was not played.
        return format!("{}: {tickets} tickets", report.scenario);
    }
    format!(
        "{}: {runs}, seed {}; {tickets} tickets in {} s ({} a second)",
        report.scenario,
        report.seed,
        figure(report.took_s),
        grouped(report.tickets_per_second().round())
    )
}

/// A report.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = format!("{}\n\n{:<28}", about(report), "tickets and waits of a run");
    for (measure, title) in COLUMNS {
        let _ = write!(text, " {title:>0$}", width(measure));
    }
    text.push('\n');
    for group in &report.groups {
        let _ = write!(text, "{:<28}", titled(&group.name));
        for (measure, _) in COLUMNS {
            let _ = write!(text, " {:>1$}", cell(group, measure), width(measure));
        }
        text.push('\n');
    }
    let rest = [
        Measure::LeftWaiting,
        Measure::Returned,
        Measure::OverflowShare,
        Measure::ByOthersShare,
        Measure::Missed,
        Measure::Declined,
    ];
    let all = report.all();
    for measure in rest {
        let Some(estimate) = all.and_then(|all| all.get(measure)).filter(|it| it.mean > 0.0) else { continue };
        let (_, unit, meaning) = measure.described();
        let _ = writeln!(text, "{:>10}  {meaning}", shown(estimate.mean, unit));
    }
    text
}

fn width(measure: Measure) -> usize {
    if matches!(measure, Measure::WaitMean | Measure::ServiceLevel) { 17 } else { 11 }
}

fn titled(name: &GroupName) -> String {
    name.name.chars().take(28).collect()
}

/// Two reports side by side.
#[must_use]
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut text = format!("before  {}\nafter   {}\n", about(&comparison.before), about(&comparison.after));
    for group in &comparison.before.groups {
        let mut lines = String::new();
        for measure in Measure::ALL {
            let Some(found) = comparison.difference(&group.name, measure) else { continue };
            if found.before.mean == 0.0 && found.after.mean == 0.0 {
                continue;
            }
            let (name, unit, _) = measure.described();
            let change = shown(found.difference.mean, unit);
            let sign = if found.difference.mean > 0.0 { "+" } else { "" };
            let half = found.difference.half_width.map_or_else(String::new, |half| format!(" ± {}", shown(half, unit)));
            let verdict = if found.is_certain { "" } else { "   (may be chance)" };
            let _ = writeln!(
                lines,
                "  {name:<24} {:>12} {:>12}   {sign}{change}{half}{verdict}",
                shown(found.before.mean, unit),
                shown(found.after.mean, unit)
            );
        }
        if comparison.after.groups.iter().all(|other| other.name != group.name) {
            lines = arrivals(&cell(group, Measure::Arrived), NONE);
        }
        let _ = write!(text, "\n{:<26} {:>12} {:>12}   difference\n{lines}", titled(&group.name), "before", "after");
    }
    let is_new = |group: &&GroupReport| comparison.before.groups.iter().all(|other| other.name != group.name);
    for group in comparison.after.groups.iter().filter(is_new) {
        let lines = arrivals(NONE, &cell(group, Measure::Arrived));
        let _ = write!(text, "\n{:<26} {:>12} {:>12}\n{lines}", titled(&group.name), "before", "after");
    }
    text
}

/// What is told of tickets that one of the two does not have: there is nothing to compare.
fn arrivals(before: &str, after: &str) -> String {
    format!("  {:<24} {before:>12} {after:>12}\n", Measure::Arrived.described().0)
}
