//! The report as one HTML page: plots as SVG, nothing fetched from anywhere.

mod plot;

use std::fmt::Write;

use self::plot::{Stack, bars, curves, stacks};
use super::figures::{Cpu, Load, Measurement, Report, Spread, Summary};
use super::plan::Kind;
use super::text::text;
use crate::page::{escape, figure};

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut page = crate::page::head("rolecall bench");
    let _ = write!(
        page,
        "<h1>Routing through a broker</h1><p>rolecall {} beside a bare passthrough on the same broker, in turns, {} rounds, {} queues. \
         {}, {} cores.</p>",
        escape(&report.version),
        report.setting.rounds,
        escape(&report.setting.queue_type),
        escape(&report.at),
        report.machine.cores,
    );
    throughput(&mut page, report);
    latencies(&mut page, report);
    cpu(&mut page, report);
    table(&mut page, report);
    let _ = writeln!(page, "<h2>As text</h2><pre>{}</pre></body></html>", escape(&text(report)));
    page
}

fn throughput(page: &mut String, report: &Report) {
    type Value = fn(&Measurement) -> Option<f64>;
    let of = |kind: Kind, value: Value| -> Vec<f64> {
        report.measurements.iter().filter(|it| it.kind == kind).filter_map(value).collect()
    };
    let groups: [(&str, Value); 2] = [
        ("Events a second", |it| it.throughput),
        ("Messages a second, in and out", |it| Some(it.throughput? * (1.0 + it.out_per_event?))),
    ];
    page.push_str("<h2>At saturation</h2><p>A backlog waits; bars are medians, dots the rounds.</p><div class=two>");
    for (title, value) in groups {
        let rows: Vec<_> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, of(kind, value)))
            .filter(|(_, values)| !values.is_empty())
            .collect();
        let _ = write!(page, "<figure><figcaption>{title}</figcaption>{}</figure>", bars(&rows));
    }
    page.push_str("</div>");
}

fn latencies(page: &mut String, report: &Report) {
    let mut rates: Vec<u32> = report.curves.iter().map(|curve| curve.rate).collect();
    rates.sort_unstable();
    rates.dedup();
    if rates.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Latency</h2><p>From the moment at which an event was to be sent (open loop) to its answer at a consumer; all rounds together.</p><div class=two>",
    );
    for rate in rates {
        let of: Vec<_> = report.curves.iter().filter(|curve| curve.rate == rate).collect();
        let _ = write!(
            page,
            "<figure><figcaption>{}: milliseconds by percentile</figcaption>{}</figure>",
            Load::Rate(rate).title(),
            curves(&of)
        );
    }
    page.push_str("</div>");
}

fn cpu(page: &mut String, report: &Report) {
    let mut rows = Vec::new();
    let mut loads: Vec<Load> = report.summary.iter().map(|row| row.load).collect();
    loads.dedup();
    for (group, load) in loads.into_iter().enumerate() {
        for kind in Kind::ALL {
            let of = |value: &dyn Fn(&Cpu) -> Option<f64>| {
                let those = report.measurements.iter().filter(|it| it.load == load && it.kind == kind);
                Spread::of(those.filter_map(|it| value(&it.cpu))).map_or(0.0, |spread| spread.median)
            };
            let parts =
                [of(&|cpu| cpu.broker_us), of(&|cpu| Some(cpu.contestant_us)), of(&|cpu| Some(cpu.generator_us))];
            if parts[1] > 0.0 {
                rows.push(Stack { group, title: format!("{}, {}", load.title(), kind.title()), parts });
            }
        }
    }
    let _ = write!(
        page,
        "<h2>CPU per event</h2><p>Microseconds: the broker, the process under measurement, the load generator. Each load has a scale of its own.</p><figure>{}</figure>",
        stacks(&rows)
    );
}

fn table(page: &mut String, report: &Report) {
    page.push_str("<h2>Figures</h2><p>Medians over the rounds, between what they lay, and ratios taken round by round.</p><table><tr><th></th>");
    let mut columns = 1;
    for kind in report.kinds() {
        columns += 1;
        let _ = write!(page, "<th>{}</th>", kind.title());
    }
    for other in report.beside() {
        columns += 1;
        let _ = write!(page, "<th>rolecall to {}</th>", other.short());
    }
    page.push_str("</tr>");
    let mut last = None;
    for row in &report.summary {
        if last.replace(row.load) != Some(row.load) {
            let _ = write!(page, "<tr class=load><th colspan={columns}>{}</th></tr>", row.load.title());
        }
        let of = report.kinds().map(|kind| row.of(kind)).chain(report.beside().map(|other| row.beside(other)));
        table_row(page, row, of);
    }
    page.push_str("</table>");
}

fn table_row<'r>(page: &mut String, row: &Summary, of: impl Iterator<Item = Option<&'r Spread>>) {
    let cell = |found: Option<&Spread>| {
        found.map_or_else(
            || "<td>–</td>".to_owned(),
            |it| format!("<td>{} <small>{}–{}</small></td>", figure(it.median), figure(it.min), figure(it.max)),
        )
    };
    let _ = write!(page, "<tr><td>{}, {}</td>", row.figure, row.unit);
    for found in of {
        page.push_str(&cell(found));
    }
    page.push_str("</tr>");
}
