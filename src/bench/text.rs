//! The report as text for a terminal.

use std::fmt::Write;

use super::figures::{Load, Measurement, Report, Spread};
use super::plan::Kind;
use crate::page::figure;

/// One measurement on one line.
pub(super) fn line(it: &Measurement) -> String {
    let mut line = format!("round {}, {}, {}: ", it.round, it.load.title(), it.kind.title());
    if let Some(throughput) = it.throughput {
        let _ = write!(line, "{throughput:.0} events/s");
    }
    if let Some(latency) = it.latency {
        let _ = write!(line, "p50 {} ms, p99 {} ms", figure(latency.p50_ms), figure(latency.p99_ms));
    }
    if it.lost > 0 {
        let _ = write!(line, ", {} of {} NOT ANSWERED", it.lost, it.events + it.lost);
    }
    line
}

impl Load {
    /// As tables call it.
    pub(super) fn title(self) -> String {
        match self {
            Self::Saturation => "at saturation".to_owned(),
            Self::Rate(rate) => format!("at {} events/s", grouped(rate)),
        }
    }
}

fn grouped(number: u32) -> String {
    if number >= 1_000 { format!("{},{:03}", number / 1_000, number % 1_000) } else { number.to_string() }
}

fn spread(spread: &Spread) -> String {
    format!("{} ({}–{})", figure(spread.median), figure(spread.min), figure(spread.max))
}

/// The whole report.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = about(report);
    let mut last = None;
    for row in &report.summary {
        if last != Some(row.load) {
            last = Some(row.load);
            let _ = writeln!(text, "\n{}", row.load.title());
            let heads = report.kinds().map(|kind| kind.title().to_owned());
            let heads = heads.chain(report.beside().map(|other| format!("to {}", other.short())));
            let _ = writeln!(text, "  {}", table_line("median (least–most)", heads));
        }
        let of = report.kinds().map(|kind| row.of(kind)).chain(report.beside().map(|other| row.beside(other)));
        let cells = of.map(|cell| cell.map_or_else(|| "–".to_owned(), spread));
        let _ = writeln!(text, "  {}", table_line(&format!("{}, {}", row.figure, row.unit), cells));
    }
    text.push_str(&beyond_other(report));
    let _ = write!(text, "{}", threads(report));
    if let Some(lost) =
        report.measurements.iter().map(|it| it.lost).reduce(|sum, lost| sum + lost).filter(|lost| *lost > 0)
    {
        let _ = writeln!(text, "\n{lost} events were not answered: these figures are worth nothing.");
    }
    text
}

/// What the other rolecall would have this one differ in.
fn beyond_other(report: &Report) -> String {
    let mut text = String::new();
    for row in &report.summary {
        let Some(shift) = row.beyond_other else { continue };
        if text.is_empty() {
            text.push_str(
                "\nrolecall less the other, in the median over the rounds, and between what that lies 19 times in 20\n",
            );
        }
        let within = shift.within.map_or_else(
            || "too few rounds to say".to_owned(),
            |(low, high)| format!("{} to {}", signed(low), signed(high)),
        );
        let told = if shift.is_told() { "" } else { ", no difference that can be told" };
        let _ = writeln!(
            text,
            "  {:<50} {} ({within}{told})",
            format!("{}, {}, {}", row.load.title(), row.figure, row.unit),
            signed(shift.median)
        );
    }
    text
}

fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '−' } else { '+' };
    format!("{sign}{}", figure(value.abs()))
}

fn table_line(title: &str, cells: impl Iterator<Item = String>) -> String {
    cells.fold(format!("{title:<35}"), |line, cell| line + &format!(" {cell:>20}"))
}

fn about(report: &Report) -> String {
    let (machine, setting) = (&report.machine, &report.setting);
    let load = |load: Option<f64>| load.map_or_else(|| "?".to_owned(), figure);
    let mut text = format!(
        "rolecall {}, {}, {} cores, load {} before and {} after\nbroker {}{}, {} queues\n",
        report.version,
        report.at,
        machine.cores,
        load(machine.load[0]),
        load(machine.load[1]),
        machine.broker,
        if machine.broker_is_own { ", started for this" } else { "" },
        setting.queue_type,
    );
    let _ = writeln!(
        text,
        "{} rounds of {} s at each rate and of {} events at saturation; {} agents, {} tickets waiting beside",
        setting.rounds, setting.duration_s, setting.backlog, setting.agents, setting.waiting
    );
    if let Some(sync) = machine.sync {
        let _ = writeln!(
            text,
            "a sync of one page on the journal's disk takes {} ms, in one of ten {} ms or more",
            figure(sync.p50_ms),
            figure(sync.p90_ms)
        );
    }
    if machine.is_in_memory {
        text.push_str("THE JOURNAL LAY IN MEMORY: its syncs cost nothing here, and will elsewhere\n");
    }
    let others = Spread::of(report.measurements.iter().map(|it| it.cpu.others_cores));
    if let Some(others) = others {
        let _ = writeln!(text, "other processes kept {} cores busy meanwhile", spread(&others));
    }
    let sizes = |kind: Kind| {
        let of_kind = || report.measurements.iter().filter(move |it| it.kind == kind);
        let out = Spread::of(of_kind().filter_map(|it| it.out_per_event))?;
        let bytes = Spread::of(of_kind().map(|it| it.answer_bytes))?;
        Some(format!(
            "{}: {} messages out per event, answers of {:.0} bytes",
            kind.title(),
            figure(out.median),
            bytes.median
        ))
    };
    for line in Kind::ALL.into_iter().filter_map(sizes) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Where rolecall's own CPU time goes, and what its own clocks say.
fn threads(report: &Report) -> String {
    report.kinds().filter(|kind| kind.is_rolecall()).map(|kind| threads_of(report, kind)).collect()
}

fn threads_of(report: &Report, kind: Kind) -> String {
    let mut text = String::new();
    let of = |load| report.measurements.iter().filter(move |it| it.kind == kind && it.load == load);
    let mut loads: Vec<Load> = report.summary.iter().map(|row| row.load).collect();
    loads.dedup();
    for load in loads {
        let names: std::collections::BTreeSet<&String> = of(load).flat_map(|it| it.cpu.threads_us.keys()).collect();
        let cpu = |name: &String| Spread::of(of(load).filter_map(|it| it.cpu.threads_us.get(name).copied()));
        let parts: Vec<String> = names
            .into_iter()
            .filter_map(|name| Some((name, cpu(name)?)))
            .filter(|(_, cpu)| cpu.median >= 0.05)
            .map(|(name, cpu)| format!("{name} {}", figure(cpu.median)))
            .collect();
        if !parts.is_empty() {
            let _ =
                writeln!(text, "\n{} {}, CPU by thread, µs/event: {}", kind.title(), load.title(), parts.join(", "));
        }
        let titles: std::collections::BTreeSet<&String> = of(load).flat_map(|it| it.stages.keys()).collect();
        for title in titles {
            let stages = || of(load).filter_map(|it| it.stages.get(title));
            let (Some(mean), Some(per)) =
                (Spread::of(stages().map(|it| it.mean_ms)), Spread::of(stages().map(|it| it.per_event)))
            else {
                continue;
            };
            let each = if per.median < 0.9 {
                format!(", for {:.1} events at a time", 1.0 / per.median)
            } else {
                String::new()
            };
            let _ = writeln!(text, "  {title}: {:.3} ms in the mean{each}", mean.median);
        }
    }
    text
}
