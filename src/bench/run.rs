//! The run, told from its start to its end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::BenchError;
use super::contestant::Contestant;
use super::ear::{Expected, Heard, histogram};
use super::figures::{Cpu, Curve, Latency, Load, MachineFigures, Measurement, Report, Setting, Stage, summary};
use super::machine::{self, Clock};
use super::node::Node;
use super::plan::{Kind, Plan};

/// From the decision to begin to the first event.
const RUN_UP: Duration = Duration::from_millis(20);
/// With nothing heard for so long, nothing more comes.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether the first tenth of a backlog is there.
const GLANCE: Duration = Duration::from_millis(5);

/// Measures, and says on the way how things go.
///
/// # Errors
/// Where the broker or a contestant does not do its part.
pub async fn run(plan: &Plan, node: &Node, mut say: impl FnMut(&str)) -> Result<Report, BenchError> {
    let started_at = Instant::now();
    let load_before = machine::load();
    let sync = machine::time_sync(&plan.directory).ok();
    let mut stage =
        Stages { plan, node, contestants: Vec::new(), latencies: BTreeMap::new(), measurements: Vec::new() };
    let name = format!("{:06x}", rand::random::<u32>() & 0xff_ffff);
    let measured = async {
        for kind in plan.kinds() {
            say(&format!("setting up: {}", kind.title()));
            stage.contestants.push(Contestant::set_up(kind, &name, node, plan).await?);
        }
        stage.measure(started_at, &mut say).await
    }
    .await;
    for contestant in std::mem::take(&mut stage.contestants) {
        contestant.clear_away().await;
    }
    measured?;
    let machine = MachineFigures {
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        load: [load_before, machine::load()],
        sync,
        is_in_memory: machine::is_in_memory(&plan.directory),
        broker: node.uri.to_string(),
        broker_is_own: node.is_own(),
    };
    Ok(stage.report(machine))
}

struct Stages<'a> {
    plan: &'a Plan,
    node: &'a Node,
    contestants: Vec<Contestant>,
    latencies: BTreeMap<(Kind, u32), Histogram<u64>>,
    measurements: Vec<Measurement>,
}

impl Stages<'_> {
    async fn measure(&mut self, started_at: Instant, say: &mut impl FnMut(&str)) -> Result<(), BenchError> {
        let set_up = started_at.elapsed();
        let expected = self.plan.usual_whole().saturating_sub(Duration::from_secs(5));
        for round in 1..=self.plan.rounds {
            for load in self.plan.rates.iter().map(|rate| Load::Rate(*rate)).chain([Load::Saturation]) {
                for index in self.turns(round, load) {
                    let measurement = match load {
                        Load::Rate(rate) => self.at_rate(index, round, rate).await?,
                        Load::Saturation => self.at_saturation(index, round).await?,
                    };
                    self.measurements.push(measurement);
                    let done = self.measurements.len();
                    let all = self.plan.measurements();
                    // What has been done tells how much longer than usual the rest takes.
                    let passed = started_at.elapsed().saturating_sub(set_up);
                    let by_count = passed.mul_f64((all - done) as f64 / done as f64);
                    let left = if round == 1 { expected.saturating_sub(passed).max(by_count / 2) } else { by_count };
                    let measured = &self.measurements[done - 1];
                    say(&format!("{done}/{all}, {} left: {}", rough(left), super::text::line(measured)));
                }
            }
        }
        Ok(())
    }

    /// Who is measured under that load, in which order: each round begins with another.
    fn turns(&self, round: u32, load: Load) -> Vec<usize> {
        let kinds = if load == Load::Saturation { &self.plan.at_saturation } else { &self.plan.at_rates };
        let taking_part =
            self.contestants.iter().enumerate().filter(|(_, contestant)| kinds.contains(&contestant.kind));
        let mut turns: Vec<usize> = taking_part.map(|(index, _)| index).collect();
        let first = (round as usize - 1) % turns.len().max(1);
        turns.rotate_left(first);
        turns
    }

    async fn at_rate(&mut self, index: usize, round: u32, rate: u32) -> Result<Measurement, BenchError> {
        let (plan, broker) = (self.plan, self.node.pid);
        let contestant = &mut self.contestants[index];
        let warm_up = plan.warm_up.mul_f64(f64::from(rate)).as_secs_f64() as u64;
        let count = warm_up + (plan.duration.as_secs_f64() * f64::from(rate)) as u64;
        let first = contestant.script.next_number();
        let interval = Duration::from_secs(1) / rate;
        let start = Instant::now() + RUN_UP;
        contestant.ear.expect(Expected { first, count, pace: Some((start, interval)), measured_from: first + warm_up });
        let before = Before::look(contestant, broker);
        let (sender, script) = (&contestant.sender, &mut contestant.script);
        let runtime = tokio::runtime::Handle::current();
        let late = tokio::task::block_in_place(|| sender.publish_at(script, count, start, interval, &runtime))?;
        let heard = contestant.ear.hear(PATIENCE).await;
        let latency = Latency::of(&heard.latency);
        let merged = self.latencies.entry((contestant.kind, rate)).or_insert_with(histogram);
        merged.add(&heard.latency).expect("they have the same bounds");
        let contestant = &self.contestants[index];
        let measurement = before.compare(contestant, broker, round, Load::Rate(rate), &heard, (count, heard.count));
        let late_max_ms = Some(late.as_secs_f64() * 1e3);
        Ok(Measurement { latency: Some(latency), late_max_ms, ..measurement })
    }

    async fn at_saturation(&mut self, index: usize, round: u32) -> Result<Measurement, BenchError> {
        let (count, broker) = (self.plan.backlog, self.node.pid);
        let contestant = &mut self.contestants[index];
        contestant.stop().await?;
        let first = contestant.script.next_number();
        contestant.ear.expect(Expected { first, count, pace: None, measured_from: first });
        let Contestant { sender, script, .. } = contestant;
        sender.publish_all((0..count).map(|_| script.next_event())).await?;
        contestant.start()?;
        let give_up_at = Instant::now() + PATIENCE;
        while contestant.ear.count() * 10 < count && Instant::now() < give_up_at {
            tokio::time::sleep(GLANCE).await;
        }
        let (counted_from, before) = (contestant.ear.count(), Before::look(contestant, broker));
        let heard = contestant.ear.hear(PATIENCE).await;
        let counted = heard.count.saturating_sub(counted_from);
        let contestant = &self.contestants[index];
        let measurement = before.compare(contestant, broker, round, Load::Saturation, &heard, (count, counted));
        let throughput = heard.tenth.zip(heard.last_at).map(|((from, there), last)| {
            (heard.count - there) as f64 / last.saturating_duration_since(from).as_secs_f64().max(1e-9)
        });
        Ok(Measurement { throughput, ..measurement })
    }

    fn report(self, machine: MachineFigures) -> Report {
        let plan = self.plan;
        Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
            machine,
            setting: Setting {
                rounds: plan.rounds,
                duration_s: plan.duration.as_secs_f64(),
                backlog: plan.backlog,
                agents: plan.agents,
                waiting: plan.waiting,
                queue_type: plan.queue_type.as_str().to_owned(),
                window: plan.window,
            },
            curves: self.latencies.iter().map(|((kind, rate), latency)| Curve::of(*kind, *rate, latency)).collect(),
            summary: summary(&self.measurements),
            measurements: self.measurements,
        }
    }
}

/// How everything stood before a measurement.
struct Before {
    clock: Clock,
    metrics: BTreeMap<String, f64>,
    at: Instant,
}

impl Before {
    fn look(contestant: &Contestant, broker: Option<u32>) -> Self {
        let metrics = contestant.metrics();
        Self { clock: Clock::read(broker, contestant.pid()), metrics, at: Instant::now() }
    }

    /// The measurement, but for what is particular to its load. `events`: how many were sent, and how many of them the
    /// clocks have seen.
    fn compare(
        self,
        contestant: &Contestant,
        broker: Option<u32>,
        round: u32,
        load: Load,
        heard: &Heard,
        (sent, counted): (u64, u64),
    ) -> Measurement {
        let passed = self.at.elapsed().as_secs_f64();
        let clock = Clock::read(broker, contestant.pid());
        let metrics = contestant.metrics();
        let per_event = |seconds: f64| seconds * 1e6 / counted.max(1) as f64;
        let known = self.clock.broker.zip(clock.broker).map_or(0.0, |(before, now)| now - before);
        let ours = known + (clock.contestant - self.clock.contestant) + (clock.generator - self.clock.generator);
        let threads = clock.threads.iter().map(|(name, now)| {
            let before = self.clock.threads.get(name).copied().unwrap_or(0.0);
            (name.clone(), per_event(now - before))
        });
        let cpu = Cpu {
            broker_us: self.clock.broker.zip(clock.broker).map(|(before, now)| per_event(now - before)),
            contestant_us: per_event(clock.contestant - self.clock.contestant),
            generator_us: per_event(clock.generator - self.clock.generator),
            others_cores: ((clock.machine - self.clock.machine - ours) / passed).max(0.0),
            threads_us: threads.collect(),
        };
        let since =
            |name: &str| metrics.get(name).copied().unwrap_or(0.0) - self.metrics.get(name).copied().unwrap_or(0.0);
        let out_per_event = match contestant.kind {
            Kind::Passthrough => Some(1.0),
            Kind::PassthroughTwice => Some(2.0),
            // Of each event one message is routed; what nobody asked for, the daemon counts.
            Kind::Rolecall | Kind::RolecallEmpty | Kind::RolecallOther => {
                metrics.get(UNWANTED).map(|_| 1.0 + since(UNWANTED) / counted.max(1) as f64)
            }
        };
        let stage = |(title, name): (&str, &str)| {
            let count = since(&format!("{name}_count"));
            let mean_ms = since(&format!("{name}_sum")) * 1e3 / count;
            (count > 0.0).then(|| (title.to_owned(), Stage { mean_ms, per_event: count / counted.max(1) as f64 }))
        };
        Measurement {
            round,
            kind: contestant.kind,
            load,
            events: heard.count,
            lost: sent - heard.count,
            throughput: None,
            latency: None,
            late_max_ms: None,
            cpu,
            memory_mb: machine::resident_mb(contestant.pid()),
            out_per_event,
            answer_bytes: heard.bytes as f64 / heard.count.max(1) as f64,
            stages: CLOCKS.into_iter().filter_map(stage).collect(),
        }
    }
}

const UNWANTED: &str = "rolecall_publish_unwanted_total";
/// The daemon's clocks, by what they are called here.
const CLOCKS: [(&str, &str); 4] = [
    ("decide", "rolecall_decision_seconds"),
    ("journal", "rolecall_journal_sync_seconds"),
    ("publish and confirm", "rolecall_publish_confirm_seconds"),
    ("delivery to confirm", "rolecall_routing_latency_seconds"),
];

fn rough(left: Duration) -> String {
    let seconds = left.as_secs();
    if seconds >= 90 { format!("about {} min", (seconds + 30) / 60) } else { format!("about {seconds} s") }
}
