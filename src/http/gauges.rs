//! The gauges that say how things stand: read off the read model when somebody scrapes.

use std::collections::BTreeMap;

use metrics::{SharedString, gauge};

use super::read_model::{ReadModel, Staff};
use super::readiness::Readiness;
use crate::routing::{Status, Timestamp};
use crate::telemetry::Labels;
use crate::telemetry::labels::OTHER;
use crate::telemetry::metric;

/// What the gauges of one role say.
#[derive(Debug, Default)]
struct RoleGauges {
    waiting: u64,
    oldest_ms: u64,
    staff: [u32; Status::ALL.len()],
}

/// Says whether events are taken. Beside a broker that is gone or a disk that is full nothing else may change.
pub(super) fn publish_readiness(readiness: &Readiness) {
    gauge!(metric::READY).set(u8::from(readiness.not_ready().is_none()));
}

/// Sets every gauge that the read model knows. What has gone from the model is set to zero, not left as it was.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and exact up to 2^53")]
pub(super) fn publish(model: &ReadModel, labels: &Labels, now: Timestamp) {
    for (role, gauges) in by_role(model, labels, now) {
        gauge!(metric::QUEUE_DEPTH, "role" => role.clone()).set(gauges.waiting as f64);
        gauge!(metric::QUEUE_OLDEST_SECONDS, "role" => role.clone()).set(gauges.oldest_ms as f64 / 1_000.0);
        for (status, count) in Status::ALL.into_iter().zip(gauges.staff) {
            gauge!(metric::AGENTS, "role" => role.clone(), "status" => status.as_str()).set(f64::from(count));
        }
    }
    for (channel, (used, free)) in by_channel(model, labels) {
        gauge!(metric::SLOTS, "channel" => channel.clone(), "state" => "used").set(f64::from(used));
        gauge!(metric::SLOTS, "channel" => channel, "state" => "free").set(f64::from(free));
    }
    gauge!(metric::UNROUTABLE_TICKETS).set(f64::from(model.overview(now).totals.unroutable));
}

fn by_role(model: &ReadModel, labels: &Labels, now: Timestamp) -> BTreeMap<SharedString, RoleGauges> {
    let known = labels.roles().into_iter().chain([SharedString::const_str(OTHER)]);
    let mut gauges: BTreeMap<_, _> = known.map(|role| (role, RoleGauges::default())).collect();
    for role in model.roles(now) {
        let of_label = gauges.entry(labels.role(Some(&role.role))).or_default();
        of_label.waiting += role.waiting as u64;
        let age_ms = role.oldest_created_at.map_or(0, |created_at| now.since(created_at).0);
        of_label.oldest_ms = of_label.oldest_ms.max(age_ms);
        add_staff(&mut of_label.staff, role.staff);
    }
    gauges
}

fn add_staff(sums: &mut [u32; Status::ALL.len()], staff: Staff) {
    for (sum, status) in sums.iter_mut().zip(Status::ALL) {
        *sum += staff.of_status(status);
    }
}

fn by_channel(model: &ReadModel, labels: &Labels) -> BTreeMap<SharedString, (u32, u32)> {
    let mut gauges: BTreeMap<_, _> = labels.channels().into_iter().map(|channel| (channel, (0, 0))).collect();
    for view in model.channels() {
        let (used, free) = gauges.entry(labels.channel(&view.channel)).or_default();
        *used += view.used;
        *free += view.free;
    }
    gauges
}
