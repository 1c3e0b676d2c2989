//! A file whose catalogue is another's: the sections of the daemon stay as they are, with their comments; those of the
//! catalogue come from the other file, with theirs.
//!
//! A file is cut where its headers are. That is done by looking at lines, and what comes of it is only handed over where
//! reading it gives exactly the daemon of the one and the catalogue of the other, so that a file that is written in a way
//! that this does not foresee is refused, and never spoiled.

use super::file::DAEMON_SECTIONS;
use super::overrides::Overrides;
use super::{Config, parse};

/// Why the two can't be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the file can't be cut into the daemon's part and the catalogue; write each section under a header of its own, such \
     as [amqp], and nothing above the first"
)]
pub struct CannotSplice;

/// The text of a file that has the daemon of `current` and the catalogue of `next`. Both are valid.
///
/// # Errors
/// Where either is written in a way that can't be cut.
pub fn splice(current: &str, next: &str) -> Result<String, CannotSplice> {
    let of_daemon: String =
        blocks(current).into_iter().filter(|block| block.is_daemon).map(|block| block.text).collect();
    let of_catalogue: String =
        blocks(next).into_iter().filter(|block| !block.is_daemon && block.has_header).map(|block| block.text).collect();
    let gap = if of_daemon.trim().is_empty() { "" } else { "\n\n" };
    let text = format!("{}{gap}{}\n", of_daemon.trim_end(), of_catalogue.trim_end());
    let (current, next, spliced) = (read(current)?, read(next)?, read(&text)?);
    let expected = Config { catalogue: next.catalogue, ..current };
    if spliced == expected { Ok(text) } else { Err(CannotSplice) }
}

/// What a file alone says, without environment and flags.
fn read(text: &str) -> Result<Config, CannotSplice> {
    parse("the file", text, &Overrides::none()).map(|loaded| loaded.config).map_err(|_| CannotSplice)
}

/// A header with all that follows until the next, and the comment right above it.
#[derive(Debug, Default)]
struct Block<'t> {
    text: String,
    is_daemon: bool,
    has_header: bool,
    /// The comment that belongs to whatever comes next.
    pending: Vec<&'t str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    // What stands above the first header is the file's own.
    let mut blocks = vec![Block { is_daemon: true, ..Block::default() }];
    for line in text.split_inclusive('\n') {
        let last = blocks.last_mut().expect("there is a block from the beginning");
        if let Some(section) = section_of(line) {
            let comment: String = last.pending.drain(..).collect();
            let is_daemon = DAEMON_SECTIONS.contains(&section);
            blocks.push(Block { text: comment + line, is_daemon, has_header: true, pending: Vec::new() });
        } else if line.trim_start().starts_with('#') {
            last.pending.push(line);
        } else {
            let comment: String = last.pending.drain(..).collect();
            last.text.push_str(&comment);
            last.text.push_str(line);
        }
    }
    let last = blocks.last_mut().expect("there is a block from the beginning");
    let comment: String = last.pending.drain(..).collect();
    last.text.push_str(&comment);
    blocks
}

/// The section that a line opens: `channel` of `[channel.call]`, `role` of `[[role]]`.
fn section_of(line: &str) -> Option<&str> {
    let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let inner = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(inner);
    let name = inner.split('.').next().unwrap_or(inner).trim().trim_matches(['"', '\'']);
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    is_word.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: &str = "# Ours.\n\n# Where we are.\n[node]\nname = \"eu-1\" # the first\n\n[http]\nlisten = \
                           \"127.0.0.1:9\"\n\n# Who we are.\n[[role]]\nname = \"old\"\n";

    #[test]
    fn the_daemon_of_one_file_and_the_catalogue_of_another_with_the_comments_of_both() {
        let next = "[node]\nname = \"another\"\n\n# New people.\n[[role]]\nname = \"new\"\noverflow = [\n  { after = \
                    \"1m\", drop_skills = true },\n]\n\n# Last.\n[routing]\ndefault_role = \"new\"\n";
        let expected = "# Ours.\n\n# Where we are.\n[node]\nname = \"eu-1\" # the first\n\n[http]\nlisten = \
                        \"127.0.0.1:9\"\n\n# New people.\n[[role]]\nname = \"new\"\noverflow = [\n  { after = \"1m\", \
                        drop_skills = true },\n]\n\n# Last.\n[routing]\ndefault_role = \"new\"\n";
        assert_eq!(splice(CURRENT, next).as_deref(), Ok(expected));
    }

    #[test]
    fn hooks_stay_with_the_daemon() {
        let hook = "\n[hook.crm]\npreset = \"zendesk\"\nsecret_file = \"/etc/rolecall/crm.secret\"\n";
        let (current, next) = (format!("{CURRENT}{hook}"), "[[role]]\nname = \"new\"\n");
        let spliced = splice(&current, next).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(read(&spliced).map(|config| config.hooks), read(&current).map(|config| config.hooks));
        assert!(spliced.contains("[hook.crm]") && spliced.ends_with(next), "{spliced}");
        assert_eq!(splice(CURRENT, &format!("{next}{hook}")).map(|text| text.contains("hook")), Ok(false));
    }

    #[test]
    fn a_file_that_can_not_be_cut_is_refused() {
        let dotted = "node.name = \"eu-1\"\nrouting.default_role = \"old\"\n[[role]]\nname = \"old\"\n";
        assert_eq!(splice(dotted, "[[role]]\nname = \"new\"\n"), Err(CannotSplice));
        let above = "role = [{ name = \"new\" }]\n[node]\nname = \"x\"\n";
        assert_eq!(splice(CURRENT, above), Err(CannotSplice));
    }

    #[test]
    fn what_comes_with_rolecall_takes_its_own_catalogue_and_stays_as_it_is() {
        let example = crate::config::EXAMPLE;
        let spliced = splice(example, example).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(read(&spliced), read(example));
        assert!(spliced.contains("# Everybody gets their turn, whoever was fast."));
    }
}
