//! A permission as the configuration writes it: any name is taken, and one that is no `noun.verb` is asked about.

use serde_json::Value;

use crate::routing::Permission;

use super::diagnostic::Diagnostic;
use super::form::{Form, Name, Node};
use super::section::Reading;
use super::writing::Writes;
use super::written::Written;

/// The name of a permission.
#[derive(Debug, Clone, Copy)]
pub(super) struct PermissionForm;

const NAME: Name<Permission> = Name { of: "a permission", parse: Permission::parse };

impl Form for PermissionForm {
    type Value = Permission;

    fn expected(&self) -> String {
        NAME.expected()
    }

    fn schema(&self) -> Value {
        NAME.schema()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Permission> {
        let permission = NAME.read(node, reading)?;
        if !is_noun_and_verb(permission.as_str()) {
            let message = format!("the permission {permission:?} is not of the form `noun.verb`");
            let help = "other systems ask for it by that name: write it as in \"refund.issue\"";
            reading.report(Diagnostic::warning(node.origin.clone(), message).help(Some(help)));
        }
        Some(permission)
    }
}

impl Writes for PermissionForm {
    fn write(&self, permission: &Permission) -> Written {
        Written::text(permission)
    }
}

fn is_noun_and_verb(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && !word.contains(char::is_whitespace);
    name.contains('.') && name.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_and_a_verb_are_two_words_with_a_dot_between() {
        for name in ["refund.issue", "work.read-own", "billing.refund.issue"] {
            assert!(is_noun_and_verb(name), "{name}");
        }
        for name in ["refund", ".issue", "refund.", "issue refunds", "refund. issue", "."] {
            assert!(!is_noun_and_verb(name), "{name}");
        }
    }
}
