//! The daemon as those see it who use it: the real binary, a real RabbitMQ, and a client that knows what is documented alone.
//!
//! Each test has a corner of the broker (a prefix), a journal and a port of its own. What hurts the broker owns one. The
//! campaign of kills is short here; `ROLECALL_KILLS=20 ROLECALL_RATE=2000` makes it as long as it is meant to be.

#[path = "../support/mod.rs"]
mod support;

mod backups;
mod books;
mod catalogue_over_http;
mod classic;
#[cfg(any(debug_assertions, feature = "kill-points"))]
mod crash_loop;
mod crowd;
#[cfg(feature = "campaigns")]
mod dashboards;
mod dead_letters;
mod downstream;
mod drains;
mod duplicates;
mod ear;
mod integrations;
#[cfg(any(debug_assertions, feature = "kill-points"))]
mod kill_points;
mod kills;
mod life;
mod life_kinds;
mod measures;
mod over_http;
#[cfg(feature = "campaigns")]
mod overload;
mod place;
mod post;
mod proxy;
mod reloads;
mod restarts;
#[cfg(feature = "campaigns")]
mod slow_disk;
#[cfg(feature = "campaigns")]
mod small_disk;
#[cfg(feature = "campaigns")]
mod soak;
mod stage;
mod starts;
mod traces;
#[cfg(feature = "campaigns")]
mod upgrades;
mod upstream;
mod weather;

use std::time::Duration;

/// How long a test waits for what should take milliseconds.
const SOON: Duration = Duration::from_secs(30);
