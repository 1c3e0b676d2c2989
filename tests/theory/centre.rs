//! Contact centres as a scenario file says them. A ticket takes a whole agent, whoever is free gets it at once.

const CHANNEL: &str = "[channel.task]\nlimit = 1\ncost = 0\n\n";

pub(crate) fn role(name: &str, more: &str) -> String {
    let order = if more.contains("order = ") { "" } else { "order = \"fifo\"\n" };
    format!("[[role]]\nname = \"{name}\"\n{order}{more}\n\n")
}

pub(crate) fn agents(name: &str, count: u32, roles: &[&str], more: &str) -> String {
    format!("[[agent]]\nname = \"{name}\"\ncount = {count}\nroles = {roles:?}\n{more}\n\n")
}

/// Tickets for a role as they come at random.
pub(crate) fn coming_to(role: &str, rate: &str, handle: &str, more: &str) -> String {
    tickets(role, &format!("role = \"{role}\""), rate, handle, more)
}

/// Tickets for `desk`.
pub(crate) fn coming(name: &str, rate: &str, handle: &str, more: &str) -> String {
    tickets(name, "role = \"desk\"", rate, handle, more)
}

pub(crate) fn tickets(name: &str, whose: &str, rate: &str, handle: &str, more: &str) -> String {
    format!("[[arrivals]]\nname = \"{name}\"\n{whose}\nrate = \"{rate}\"\nhandle = {handle}\n{more}\n\n")
}

pub(crate) fn centre(parts: &[String]) -> String {
    CHANNEL.to_owned() + &parts.concat()
}

/// One role `desk`, and so many agents.
pub(crate) fn desk(count: u32, of_role: &str, of_agent: &str) -> String {
    centre(&[role("desk", of_role), agents("agent", count, &["desk"], of_agent)])
}

pub(crate) fn exponential(mean: &str) -> String {
    format!("{{ exponential = \"{mean}\" }}")
}
