//! "Did you mean …?": the known name that a mistyped one looks like.

/// Names longer than this are not compared: the comparison takes time with the square of the length.
const COMPARED_LENGTH_MAX: usize = 64;

/// The candidate that is nearest to `typed`, where one is near enough to be meant.
pub(super) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = normalized(typed);
    if typed.len() > COMPARED_LENGTH_MAX {
        return None;
    }
    let near = |candidate: &'a str| {
        let other = normalized(candidate);
        let bound = (typed.len().max(other.len()) / 3).max(1);
        let plural = typed.len() > 2 && (typed.starts_with(&other) || other.starts_with(&typed));
        let distance = if other.len() > COMPARED_LENGTH_MAX { usize::MAX } else { distance(&typed, &other) };
        (distance <= bound || plural).then_some((distance, candidate))
    };
    candidates.into_iter().filter_map(near).min().map(|(_, candidate)| candidate)
}

/// Case, hyphens and underscores are the likeliest slips, and count for nothing.
fn normalized(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).map(|c| if matches!(c, '-' | ' ') { '_' } else { c }).collect()
}

/// How many insertions, deletions, replacements and swaps of neighbours turn one word into the other (optimal string
/// alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["prefetch", "prefix", "queue_type", "uri"];
        let cases = [("prefetchs", "prefetch"), ("perfix", "prefix"), ("queue-type", "queue_type"), ("URI", "uri")];
        for (typed, meant) in cases {
            assert_eq!(nearest(typed, known), Some(meant), "{typed}");
        }
    }

    #[test]
    fn what_looks_like_nothing_known_gets_no_suggestion() {
        assert_eq!(nearest("banana", ["prefetch", "uri"]), None);
        assert_eq!(nearest(&"x".repeat(10_000), ["prefetch"]), None);
    }
}
