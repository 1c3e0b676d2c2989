//! What a change of the catalogue would give to whom, by whoever asks for it.

use crate::config::{Overrides, parse};
use crate::http::{Authority, Right};
use crate::routing::Catalogue;

const KEYMASTER: &str = "[[role]]\nname = \"keymaster\"\npermissions = [\"tokens.manage\"]\n";
const LEAD: &str = "[[role]]\nname = \"lead\"\npermissions = [\"reports.view\"]\n";
const TMP: &str = "[[role]]\nname = \"tmp\"\n";

fn catalogue(text: &str) -> Catalogue {
    parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}")).config.catalogue
}

fn heir(role: &str, replaces: &str) -> String {
    format!("{role}replaces = {replaces}\n")
}

#[test]
fn nobody_puts_a_role_that_has_what_they_do_not_have_in_the_place_of_another() {
    let owner = Authority::owner("olga");
    let rights = Right::ALL.into_iter().filter(|right| *right != Right::TokensManage).collect();
    let admin = Authority { rights, ..Authority::owner("adam") };
    let of_old = heir(KEYMASTER, "[\"old\"]");
    let cases = [
        ("it takes over a name that nobody has", KEYMASTER.to_owned(), of_old.clone(), false),
        ("it takes over one more", of_old.clone(), heir(KEYMASTER, "[\"old\", \"older\"]"), false),
        ("it takes over a role that goes", [KEYMASTER, TMP].concat(), heir(KEYMASTER, "[\"tmp\"]"), false),
        (
            "it takes a name over from another",
            format!("{KEYMASTER}{}", heir(LEAD, "[\"old\"]")),
            format!("{LEAD}{of_old}"),
            false,
        ),
        ("it has taken over before", of_old.clone(), format!("{of_old}weight = 2\n"), true),
        ("it takes over no more", of_old, KEYMASTER.to_owned(), true),
        ("another takes over, of what an admin has", [LEAD, TMP].concat(), heir(LEAD, "[\"tmp\"]"), true),
    ];
    for (what, before, after, is_for_admins) in cases {
        let (before, after) = (catalogue(&before), catalogue(&after));
        let checked = admin.check_catalogue(&before, &after);
        assert_eq!(checked.is_ok(), is_for_admins, "{what}: {checked:?}");
        assert!(checked.err().is_none_or(|why| why.detail.contains("keymaster would give tokens.manage")), "{what}");
        assert_eq!(owner.check_catalogue(&before, &after), Ok(()), "{what}");
    }
}
