//! The people who work there.

use serde_json::{Value, json};

/// One of them.
#[derive(Debug)]
pub struct Worker {
    /// Their agent id.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Of the catalogue that comes with rolecall.
    pub roles: &'static [&'static str],
    /// With levels.
    pub skills: &'static [(&'static str, u8)],
    /// When they come, take a break and go, in hours of the day.
    pub(super) hours: Hours,
    /// How long they take, as a share of what is usual.
    pub(super) pace: f64,
}

/// A shift.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hours {
    pub(super) from: f64,
    pub(super) break_at: f64,
    pub(super) until: f64,
}

const fn hours(from: f64, break_at: f64, until: f64) -> Hours {
    Hours { from, break_at, until }
}

impl Worker {
    /// The data of their `agent.registered`.
    pub(super) fn registration(&self) -> Value {
        let skills: serde_json::Map<_, _> =
            self.skills.iter().map(|(name, level)| ((*name).to_owned(), json!(level))).collect();
        json!({
            "agent_id": self.id,
            "name": self.name,
            "roles": self.roles,
            "skills": skills,
            "limits": {"call": 1, "chat": 2, "email": 2, "social": 2},
        })
    }
}

macro_rules! staff {
    ($($id:literal $name:literal $roles:tt $skills:tt ($from:literal $break_at:literal $until:literal) $pace:literal)+) => {
        /// Eighteen people in three shifts. At each hour somebody is there for every role.
        pub const STAFF: &[Worker] = &[$(Worker {
            id: $id, name: $name, roles: &$roles, skills: &$skills, hours: hours($from, $break_at, $until), pace: $pace,
        }),+];
    };
}

staff! {
    "ana"     "Ana Petrović"      ["billing", "general"]           [("en", 8), ("de", 5)]                      (7.0 11.0 15.0) 1.0
    "ben"     "Ben Okafor"        ["technical"]                    [("en", 9), ("networking", 7)]              (7.0 10.5 15.2) 1.1
    "chloe"   "Chloé Laurent"     ["sales", "general"]             [("fr", 9), ("en", 7)]                      (7.1 11.5 15.1) 0.9
    "dario"   "Dario Conti"       ["social-media", "general"]      [("en", 8)]                                 (7.0 12.0 15.0) 0.9
    "emre"    "Emre Yıldız"       ["vip", "billing"]               [("en", 9), ("de", 8)]                      (7.2 10.0 15.3) 1.0
    "fatima"  "Fatima Zahra"      ["technical", "billing"]         [("fr", 8), ("en", 8), ("networking", 4)]   (7.3 12.2 15.5) 1.2
    "greta"   "Greta Lindqvist"   ["billing"]                      [("en", 9), ("de", 6)]                      (9.0 12.5 18.0) 0.8
    "hiro"    "Hiro Tanaka"       ["technical"]                    [("en", 7), ("networking", 9)]              (9.2 13.0 18.3) 1.0
    "ines"    "Inês Carvalho"     ["sales"]                        [("en", 8), ("fr", 4)]                      (9.0 13.5 18.5) 1.0
    "jonas"   "Jonas Weber"       ["general", "technical"]         [("de", 10), ("en", 6), ("networking", 3)]  (9.4 12.7 18.2) 1.3
    "kofi"    "Kofi Mensah"       ["vip", "technical"]             [("en", 10), ("networking", 6)]             (9.1 14.0 18.6) 0.9
    "lena"    "Lena Fischer"      ["social-media"]                 [("de", 9), ("en", 8)]                      (9.3 13.2 18.4) 1.0
    "mateo"   "Mateo Álvarez"     ["billing", "general"]           [("en", 7)]                                 (13.0 17.0 21.8) 1.1
    "nadia"   "Nadia Haddad"      ["technical"]                    [("fr", 9), ("en", 7), ("networking", 5)]   (13.2 17.5 21.9) 1.0
    "oskar"   "Oskar Nowak"       ["sales", "billing"]             [("en", 8), ("de", 4)]                      (13.1 18.0 21.7) 1.0
    "priya"   "Priya Raman"       ["vip", "billing", "technical"]  [("en", 10), ("networking", 5)]             (13.0 16.5 21.9) 0.9
    "quentin" "Quentin Dubois"    ["general", "sales"]             [("fr", 10), ("en", 6)]                     (13.3 18.5 21.8) 1.2
    "rosa"    "Rosa Martínez"     ["social-media", "general"]      [("en", 8)]                                 (13.0 17.2 21.9) 0.9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_different_and_shifts_lie_within_the_day() {
        let ids: std::collections::BTreeSet<_> = STAFF.iter().map(|worker| worker.id).collect();
        assert_eq!(ids.len(), STAFF.len());
        for Worker { id, hours, .. } in STAFF {
            assert!(7.0 <= hours.from && hours.from < hours.break_at, "{id}");
            assert!(hours.break_at + 0.5 < hours.until && hours.until < 22.0, "{id}");
        }
    }

    #[test]
    fn every_role_of_the_catalogue_that_comes_with_rolecall_has_somebody() {
        let catalogue: toml::Table = crate::config::EXAMPLE.parse().unwrap();
        for role in catalogue["role"].as_array().unwrap() {
            let name = role["name"].as_str().unwrap();
            assert!(STAFF.iter().any(|worker| worker.roles.contains(&name)), "{name}");
        }
    }
}
