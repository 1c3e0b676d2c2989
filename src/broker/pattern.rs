//! Binding patterns of a topic exchange: words between dots, `*` for exactly one word, `#` for any number of them.
//!
//! AMQP 0-9-1 specification, section 3.1.3.3.

/// Whether a routing key matches a binding pattern.
#[must_use]
pub fn matches(pattern: &str, key: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    let key: Vec<&str> = if key.is_empty() { Vec::new() } else { key.split('.').collect() };
    // reachable[n]: the pattern so far can match the first n words.
    let mut reachable = vec![false; key.len() + 1];
    reachable[0] = true;
    for word in pattern {
        reachable = match word {
            "#" => {
                let first = reachable.iter().position(|reached| *reached).unwrap_or(reachable.len());
                (0..reachable.len()).map(|length| length >= first).collect()
            }
            _ => std::iter::once(false)
                .chain((0..key.len()).map(|index| reachable[index] && (word == "*" || word == key[index])))
                .collect(),
        };
    }
    reachable[key.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_keys_as_in_a_topic_exchange() {
        for (pattern, key, expected) in [
            ("#", "", true),
            ("#", "assignment.assigned.billing", true),
            ("assignment.#", "assignment.assigned.billing", true),
            ("assignment.#", "assignment", true),
            ("assignment.#", "assignments.assigned", false),
            ("assignment.#", "agent.changed", false),
            ("assignment.*", "assignment.assigned", true),
            ("assignment.*", "assignment.assigned.billing", false),
            ("*.*.billing", "assignment.assigned.billing", true),
            ("*.*.billing", "assignment.assigned.sales", false),
            ("#.billing", "billing", true),
            ("#.billing", "assignment.assigned.billing", true),
            ("#.*", "", false),
            ("#.*.#", "a", true),
            ("a.#.b.#.c", "a.x.b.c", true),
            ("a.#.b.#.c", "a.x.c", false),
            ("agent.changed", "agent.changed", true),
            ("*", "", false),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern:?} against {key:?}");
        }
    }
}
