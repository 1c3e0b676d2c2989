//! A daemon with somebody who talks to it and somebody who listens.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ear::{Ear, Heard};
use crate::place::{Daemon, Place};
use crate::upstream::{Form, Upstream};

/// Ten times what an acknowledgement waits for others.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_millis(100);

pub(crate) struct Stage {
    pub(crate) daemon: Daemon,
    pub(crate) place: Place,
    pub(crate) upstream: Upstream,
    pub(crate) ear: Ear,
}

impl Stage {
    pub(crate) async fn open(name: &str, config: &str) -> Self {
        Self::open_with(Place::new(name, config), Form::Plain).await
    }

    pub(crate) async fn open_with(place: Place, form: Form) -> Self {
        let ear = Ear::new(&place.uri, &place.prefix).await;
        let daemon = place.start().await;
        let upstream = Upstream::new(&place.uri, &place.prefix, form).await;
        Self { daemon, place, upstream, ear }
    }

    /// Publishes an event, and returns its id.
    pub(crate) async fn say(&self, kind: &str, data: Value) -> String {
        self.upstream.say(kind, data).await
    }

    pub(crate) async fn hear(&mut self, kind: &str, subject: &str) -> Heard {
        self.ear.hear(kind, subject).await
    }

    /// An agent who is online.
    pub(crate) async fn agent(&mut self, id: &str, roles: &[&str]) {
        self.say("agent.registered", json!({ "agent_id": id, "roles": roles })).await;
        self.say("agent.presence", json!({ "agent_id": id, "status": "online" })).await;
        let online = |heard: &Heard| heard.text("agent_id") == id && heard.text("status") == "online";
        self.ear.hear_where("agent.changed", online).await;
    }

    /// Waits until everything that was said before has been decided and told, by a rejection that follows it, and is
    /// acknowledged, which waits a moment for others.
    pub(crate) async fn settled(&mut self) {
        let id = self.say("ticket.paused", json!({ "ticket_id": "nobody's" })).await;
        self.ear.hear_where("command.rejected", |heard| heard.correlation_id() == Some(&id)).await;
        tokio::time::sleep(ACKNOWLEDGED_WITHIN).await;
    }

    /// Kills the daemon, and starts it again on the same journal.
    pub(crate) async fn kill_and_start(mut self) -> Self {
        self.daemon.kill();
        self.daemon = self.place.start().await;
        self
    }
}
