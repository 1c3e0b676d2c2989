//! How fast the virtual clock is: tickets a minute on one core, the engine that decides about them included.
//!
//! `cargo bench --bench simulation`. A day of calls with offers and wrap-up, one queue of fourteen agents, and ninety
//! agents with two of six roles each. Beside what the clock on the wall says stands what the process was given: on a
//! machine that has more to do the two are far apart.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use rolecall::config;
use rolecall::simulation::{Scene, simulate};

/// How often each is played; the fastest counts, what else the machine had to do does not.
const ROUNDS: u32 = 3;

const HEAD: &str = "[simulation]\nduration = \"2d\"\nreplications = 16\n\n[channel.task]\nlimit = 1\ncost = 0\n\n";

fn one_queue() -> String {
    let rest = "[[role]]\nname = \"desk\"\n\n[[agent]]\nname = \"agent\"\ncount = 14\nroles = [\"desk\"]\n\n\
                [[arrivals]]\nname = \"all\"\nrole = \"desk\"\nrate = \"10 per 3m\"\nhandle = { exponential = \"3m\" }\n";
    HEAD.to_owned() + rest
}

fn six_roles() -> String {
    const ROLES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let mut text = HEAD.to_owned();
    for (place, role) in ROLES.into_iter().enumerate() {
        let next = ROLES[(place + 1) % ROLES.len()];
        let _ = write!(
            text,
            "[[role]]\nname = \"{role}\"\n\n[[agent]]\nname = \"team-{role}\"\ncount = 15\nroles = [\"{role}\", \"{next}\"]\n\n\
             [[arrivals]]\nname = \"{role}\"\nrole = \"{role}\"\nrate = \"1.4 per 1m\"\nhandle = {{ exponential = \"10m\" }}\n\n"
        );
    }
    text
}

fn main() {
    let day = config::load_scenario(Path::new("deploy/simulation/day.toml"));
    let text = |name, text: &str| config::parse_scenario(name, text, Path::new(""));
    let scenarios = [day, text("one queue of 14 agents", &one_queue()), text("90 agents of six roles", &six_roles())];
    println!("{:<32} {:>20} {:>28}", "tickets a minute on one core", "by the clock, at best", "by processor time");
    for scenario in scenarios {
        let scene = Scene::of(&scenario.unwrap_or_else(|error| panic!("{error}")));
        let before_s = processor_s();
        let rounds: Vec<(u64, f64)> = (0..ROUNDS).map(|_| played(&scene)).collect();
        let given_s = processor_s() - before_s;
        let fastest = rounds.iter().map(|(tickets, took_s)| a_minute(*tickets, *took_s)).fold(0.0, f64::max);
        let all = rounds.iter().map(|(tickets, _)| tickets).sum();
        println!("{:<32} {fastest:>20.0} {:>28.0}", scene.name, a_minute(all, given_s));
    }
}

/// How many tickets were played, and how many seconds that took.
fn played(scene: &Scene) -> (u64, f64) {
    let began = Instant::now();
    let report = simulate(scene, 1, &mut |_| {});
    (report.tickets, began.elapsed().as_secs_f64())
}

fn a_minute(tickets: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let tickets = tickets as f64;
    tickets / seconds * 60.0
}

/// Seconds of processor time that this process has had, in steps of a hundredth.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells a process of itself");
    // What comes after the name, which may hold anything: state, parent … and as the 12th and 13th the two times.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / 100.0
}
