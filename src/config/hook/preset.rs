//! What comes with rolecall for systems that many have: tables like anybody's, in `deploy/hooks`.

use toml::de::DeTable;

use super::super::diagnostic::Origin;
use super::super::form::Node;
use super::super::overrides::Overrides;
use super::super::section::{Reading, Section};
use super::{KEYS, Said};

/// A system that many have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Preset {
    name: &'static str,
    text: &'static str,
}

macro_rules! presets {
    ($($name:literal)+) => {
        /// All of them, by name.
        pub(super) const ALL: [(&str, Preset); [$($name),+].len()] = [
            $(($name, Preset { name: $name, text: include_str!(concat!("../../../deploy/hooks/", $name, ".toml")) })),+
        ];
    };
}

presets! { "zammad" "chatwoot" "zendesk" "freeswitch" "asterisk" }

/// What such a table says.
pub(super) fn read(preset: Preset) -> Said {
    let root = DeTable::parse(preset.text).expect("a test reads all presets");
    let overrides = Overrides::none();
    let mut reading = Reading::new(&overrides);
    let table = root.get_ref().get("hook").and_then(|hooks| hooks.get_ref().get(preset.name));
    let table = table.expect("a test reads all presets");
    let node = Node { value: table.get_ref(), origin: Origin::File(table.span()) };
    let section = Section::open(format!("hook.{}", preset.name), &node, KEYS, &mut reading);
    Said::read(&section, &mut reading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn every_preset_is_a_table_that_says_everything() {
        for (name, preset) in ALL {
            let path = format!("{}/deploy/hooks/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).expect("it is there");
            let whole = parse(name, &text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
            assert!(whole.warnings.is_empty(), "{}", whole.warnings);
            assert_eq!(whole.config.hooks.len(), 1, "{name}");
            let short = format!("[hook.{name}]\npreset = {name:?}\nsecret_file = \"/etc/rolecall/{name}.secret\"\n");
            let short = parse(name, &short, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
            let (whole, short) = (whole.config.hooks.values().next(), short.config.hooks.values().next());
            assert_eq!(whole.map(|it| &it.mapping), short.map(|it| &it.mapping), "{name}");
            assert!(short.is_some_and(|hook| hook.door.is_some()), "{name}");
            assert_eq!(preset.name, name);
        }
    }
}
