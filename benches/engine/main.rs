//! What a decision of the engine costs: events made and applied, explanations included, ids and commands too.
//!
//! `cargo bench --bench engine`; `ROLECALL_BENCH_LARGE=1` for 100,000 agents and 1,000,000 waiting tickets beside. One
//! iteration is one decision: in `light` a ticket that comes and is assigned at once, and one that is completed; in
//! `saturated` one that is completed, so that the best that waits is assigned, and one that comes and waits.
//!
//! `ROLECALL_BENCH_STEADY` does one of them and nothing else: see [`steady`].
//!
//! `explanation` sets the choice of an agent with its explanation beside the bare choice of the same agent, in one run.

mod bare;
mod centre;
mod day;
mod steady;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use rolecall::routing::offer::Trigger;
use rolecall::routing::{TicketId, matching};

// As the daemon.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

use centre::{Centre, LARGE, MIDDLE, SMALL, Size};
use day::Day;

fn sizes() -> Vec<Size> {
    let large = std::env::var_os("ROLECALL_BENCH_LARGE").is_some();
    [Some(SMALL), Some(MIDDLE), large.then_some(LARGE)].into_iter().flatten().collect()
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(1));
    for size in sizes() {
        let mut centre = Centre::half_busy(size);
        group.bench_function(BenchmarkId::new("light", size.name), |bencher| {
            bencher.iter(|| (centre.arrive(), centre.complete()));
        });
        drop(centre);
        let mut centre = Centre::saturated(size);
        group.bench_function(BenchmarkId::new("saturated", size.name), |bencher| {
            bencher.iter(|| (centre.complete(), centre.arrive()));
        });
    }
    for (name, open) in [("mixed", Day::mixed as fn(Size) -> Day), ("hostile", Day::hostile)] {
        let mut day = open(SMALL);
        group.bench_function(BenchmarkId::new(name, SMALL.name), |bencher| bencher.iter(|| day.go_on()));
    }
    group.finish();
}

/// The choice of an agent for a ticket that could be given to many.
fn explanation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("explanation");
    for size in [SMALL, MIDDLE] {
        let centre = Centre::half_busy(size);
        let state = centre.engine.state();
        let id: &TicketId = &state.tickets().map(|ticket| &ticket.id).min().expect("there are tickets").clone();
        let ticket = state.ticket(id).expect("it is there");
        let nobody = |_: &_| false;
        let chosen = matching::choose(state, ticket, Trigger::TicketArrived, &nobody).expect("somebody is free");
        assert_eq!(bare::choose(state, ticket), Some(&chosen.agents[0]), "both choose the same agent");
        group.bench_function(BenchmarkId::new("with", size.name), |bencher| {
            bencher.iter(|| matching::choose(state, ticket, Trigger::TicketArrived, &nobody));
        });
        group.bench_function(BenchmarkId::new("without", size.name), |bencher| {
            bencher.iter(|| bare::choose(state, ticket).cloned());
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, explanation);

fn main() {
    if steady::ran() {
        return;
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
