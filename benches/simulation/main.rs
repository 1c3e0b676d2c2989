//! How fast the virtual clock is: tickets a minute on one core, the engine that decides about them included.
//!
//! `cargo bench --bench simulation`. A day of calls with offers and wrap-up, one queue of fourteen agents, and ninety
//! agents with two of six roles each.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use rolecall::config;
use rolecall::simulation::{Scene, simulate};

/// How often each is played; the fastest counts, what else the machine had to do does not.
const ROUNDS: u32 = 3;

const HEAD: &str = "[simulation]\nduration = \"2d\"\nreplications = 4\n\n[channel.task]\nlimit = 1\ncost = 0\n\n";

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
    for scenario in scenarios {
        let scene = Scene::of(&scenario.unwrap_or_else(|error| panic!("{error}")));
        let fastest = (0..ROUNDS).map(|_| tickets_a_minute(&scene)).fold(0.0, f64::max);
        println!("{:<32} {fastest:>12.0} tickets a minute on one core", scene.name);
    }
}

fn tickets_a_minute(scene: &Scene) -> f64 {
    let began = Instant::now();
    let report = simulate(scene, 1, &mut |_| {});
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let tickets = report.tickets as f64;
    tickets / began.elapsed().as_secs_f64() * 60.0
}
