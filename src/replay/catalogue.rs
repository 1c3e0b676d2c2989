//! A configuration that fits a log: its roles, and times divided by the speed.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::routing::Millis;

use super::Speed;
use super::mapping::{CatalogueMapping, Mapping};
use super::record::Record;

/// The shortest life of an offer and the shortest target that a configuration takes. Whoever is played answers at once.
const OFFER_TIMEOUT_MIN: Millis = Millis::from_secs(1);
const TARGET_MIN: Millis = Millis::from_secs(1);

/// The text of a configuration for `rolecall serve`, with what is not about routing left to defaults and environment.
#[must_use]
pub fn catalogue_text(mapping: &Mapping, records: &[Record], speed: Speed) -> String {
    let wanted = &mapping.catalogue;
    let shortened = |seconds: u64| speed.shorten(Millis::from_secs(seconds));
    let channels: BTreeSet<&str> = records.iter().map(|record| record.channel.as_str()).collect();
    let roles: BTreeSet<&str> = records.iter().filter_map(|record| record.role.as_deref()).collect();
    let mut text =
        "# Made by `rolecall replay-csv --catalogue-out`: the roles of a log, its times sped up.\n".to_owned();
    for channel in channels {
        let CatalogueMapping { acceptance, cost, limit, .. } = wanted;
        let offer_timeout = shortened(wanted.offer_timeout_s).max(OFFER_TIMEOUT_MIN);
        let wrap_up = shortened(wanted.wrap_up_s);
        let section = format!(
            "\n[channel.{}]\ncost = {cost}\nlimit = {limit}\nacceptance = {acceptance:?}\noffer_timeout = \"{}ms\"\nwrap_up = \"{}ms\"\nowner_grace = \"keep\"\n",
            quoted(channel),
            offer_timeout.0,
            wrap_up.0
        );
        text.push_str(&section);
    }
    for role in roles {
        let CatalogueMapping { order, strategy, .. } = wanted;
        let worth = shortened(wanted.priority_worth_s).max(Millis(1));
        let section = format!("\n[[role]]\nname = {}\nstrategy = {strategy:?}\norder = {order:?}\n", quoted(role));
        text.push_str(&section);
        let aged = (order == "aged").then(|| format!("priority_worth = \"{}ms\"\n", worth.0));
        let target = wanted.target_s.map(|target| {
            let answer_within = shortened(target).max(TARGET_MIN).0;
            format!("target = {{ answer_within = \"{answer_within}ms\", for_share = 0.8 }}\n")
        });
        for line in aged.into_iter().chain(target) {
            // Writing to a string can't fail.
            let _ = text.write_str(&line);
        }
    }
    text
}

/// As a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};
    use crate::replay::{Window, read_records};

    #[test]
    fn what_is_written_is_a_configuration_that_the_daemon_takes() {
        let mapping = Mapping::parse(include_str!("../../deploy/replay/bank.toml")).unwrap();
        let log = include_str!("../../tests/replay/calls.csv");
        let records = read_records(log.as_bytes(), &mapping, Window::default()).unwrap();
        let text = catalogue_text(&mapping, &records, Speed::Times(60.0));
        let catalogue = match config::parse("written", &text, &Overrides::none()) {
            Ok(loaded) => loaded.config.catalogue,
            Err(report) => panic!("{report}\n{text}"),
        };
        let names: Vec<_> = catalogue.roles.keys().map(|name| name.as_str().to_owned()).collect();
        assert_eq!(names, ["prospect", "regular", "stock-exchange"]);
        let role = catalogue.roles.values().next().unwrap();
        assert_eq!(role.priority_worth, Millis(500));
        assert_eq!(role.target.map(|target| target.answer_within), Some(Millis(1_000)));
    }

    #[test]
    fn whatever_a_log_calls_its_roles_is_a_catalogue_or_is_named() {
        let mapping = "[ticket]\nid = \"id\"\nchannel = \"by\"\nrole = \"for\"\ncreated = \"at\"\nservice_s = \"s\"\n[agent]\ncolumn = \"who\"\n";
        let mapping = Mapping::parse(mapping).unwrap();
        let read = |by: &str, role: &str| {
            let log = format!("id,by,for,at,s,who\n1,{by},{role},2026-03-02,60,ada\n");
            read_records(log.as_bytes(), &mapping, Window::default())
        };
        let long = "r".repeat(129);
        for (by, role) in [("", "billing"), ("call", &long), ("call", "\"two\nlines\""), (&long, "billing")] {
            let error = read(by, role).unwrap_err().to_string();
            assert!(error.contains("line 2, column") && error.contains("1 to 128 bytes"), "{error}");
        }
        for (by, role) in
            [("call", ""), ("e.mail", "a \"\"role"), ("\"a, b\"", "true"), ("call", "default"), ("]", "[[role]]")]
        {
            let text = catalogue_text(&mapping, &read(by, role).unwrap(), Speed::Times(60.0));
            if let Err(report) = config::parse("written", &text, &Overrides::none()) {
                panic!("{report}\n{text}");
            }
        }
    }
}
