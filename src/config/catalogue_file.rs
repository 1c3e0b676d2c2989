//! The file that holds the catalogue in force: edited entry by entry, written so that it is there wholly or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::diagnostic::{Diagnostic, Origin, Report, Severity};
use super::edit::{CannotEdit, EditStep, Kind, edit, namer, path_within};
use super::{ConfigError, Difference, Overrides, differences, load, parse};
use crate::files::{Replacement, beside};
use crate::routing::Catalogue;

/// A configuration file.
#[derive(Clone)]
pub struct CatalogueFile {
    path: PathBuf,
    overrides: Overrides,
}

/// What a file would be after an edit: valid, and not yet written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    text: String,
    /// Its catalogue.
    pub catalogue: Catalogue,
    /// What is different from the one in force.
    pub differences: Vec<Difference>,
    /// What is valid and hardly meant.
    pub warnings: Vec<Finding>,
}

/// Something that is wrong with an edit, or hardly meant by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where in the entry that is edited, as a JSON path; `None` where it is elsewhere.
    pub path: Option<String>,
    /// Where in the file as it would be: `rolecall.toml:12:5`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was probably meant.
    pub help: Option<String>,
}

/// The most findings of one draft, errors first: beyond them nobody reads.
const FINDINGS_MAX: usize = 100;

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
pub enum NotDrafted {
    /// The file can't be read, or can't be used as it is.
    #[error("the configuration file can't be used as it is: mend it first")]
    Unusable(#[source] ConfigError),
    /// Somebody has changed it, and nobody has had it read.
    #[error("the file says something else than what is in force: have it read (SIGHUP), and look again")]
    ChangedOnDisk,
    /// It can't be edited so.
    #[error(transparent)]
    CannotEdit(#[from] CannotEdit),
    /// What would come of it can't be used.
    #[error("what would come of it can't be used")]
    Invalid(Vec<Finding>),
}

/// A draft that lies beside the file, and only has to take its name. Removed where it never does.
#[derive(Debug)]
pub struct Prepared(Replacement);

impl CatalogueFile {
    /// That file, read with these overrides.
    #[must_use]
    pub fn new(path: PathBuf, overrides: Overrides) -> Self {
        Self { path, overrides }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file would be after these steps, where it says what is in force. Findings are placed in the entry that is
    /// named.
    ///
    /// # Errors
    /// Why there is nothing that could be used.
    pub fn draft(
        &self,
        in_force: &Catalogue,
        steps: &[EditStep],
        (kind, name): (Kind, &str),
    ) -> Result<Draft, NotDrafted> {
        let current = load(Some(&self.path), &self.overrides).map_err(NotDrafted::Unusable)?.config.catalogue;
        if current != *in_force {
            return Err(NotDrafted::ChangedOnDisk);
        }
        let unreadable = |source| ConfigError::Unreadable { path: self.path.clone(), source };
        let text = fs::read_to_string(&self.path).map_err(unreadable).map_err(NotDrafted::Unusable)?;
        let text = edit(&text, steps)?;
        let name_of_file = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let find = |report: &Report| -> Vec<Finding> {
            let (root, _) = DeTable::parse_recoverable(&text);
            let mut told: Vec<_> = report.diagnostics().iter().collect();
            told.sort_by_key(|it| it.severity != Severity::Error);
            told.truncate(FINDINGS_MAX);
            told.into_iter().map(|it| Finding::of(it, report, root.get_ref(), (kind, name), steps)).collect()
        };
        match parse(&name_of_file, &text, &self.overrides) {
            Err(report) => Err(NotDrafted::Invalid(find(&report))),
            Ok(loaded) => Ok(Draft {
                differences: differences(in_force, &loaded.config.catalogue),
                warnings: find(&loaded.warnings),
                catalogue: loaded.config.catalogue,
                text,
            }),
        }
    }

    /// Puts a draft beside the file, so that only a name is left to be changed.
    ///
    /// # Errors
    /// Where there is no room, or no right to write.
    pub fn prepare(&self, draft: &Draft) -> io::Result<Prepared> {
        Replacement::of(&fs::canonicalize(&self.path)?, &draft.text).map(Prepared)
    }
}

impl Prepared {
    /// Takes the file's place; what was there before is beside it as `.bak`.
    ///
    /// # Errors
    /// Where that can't be done: then the file is as it was.
    pub fn commit(self) -> io::Result<()> {
        fs::copy(self.0.path(), beside(self.0.path(), ".bak"))?;
        self.0.take_place()
    }
}

impl Finding {
    fn of(
        diagnostic: &Diagnostic,
        report: &Report,
        root: &DeTable<'_>,
        (kind, name): (Kind, &str),
        steps: &[EditStep],
    ) -> Self {
        let (path, namer) = match &diagnostic.origin {
            Origin::File(span) => (path_within(root, span.start, kind, name), namer(root, span.start)),
            Origin::Override(_) | Origin::Whole => (None, None),
        };
        let found = Self {
            severity: diagnostic.severity,
            path,
            place: report.place(diagnostic),
            message: diagnostic.message.clone(),
            expected: diagnostic.expected.clone(),
            help: diagnostic.help.clone(),
        };
        let is_removed = |role: &&String| steps.iter().any(|step| step.removes_role(role));
        match (diagnostic.missing_role.as_ref().filter(is_removed), namer) {
            // Whoever takes a role out did not misspell it where it is named.
            (Some(role), Some(namer)) => Self {
                message: format!("the role {role:?} can't go: {namer}. Name another role there first"),
                help: None,
                ..found
            },
            _ => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[routing]
default_role = "g"

[[role]]
name = "g"

[[role]]
name = "boss"
overflow = [{ after = "2m", add_roles = ["h", "g"] }]
max_wait = "5m"
when_waited = { role = "g" }

[[role]]
name = "h"

[[rule]]
name = "gold"
when = 'customer.tier == "gold" && queue["g"].waiting > 3'
set = { role = "g" }
"#;

    fn removed(role: &str) -> Vec<Finding> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("rolecall.toml");
        fs::write(&path, TEXT).expect("written");
        let in_force = load(Some(&path), &Overrides::none()).unwrap_or_else(|error| panic!("{error}")).config.catalogue;
        let steps = [EditStep::Remove { kind: Kind::Role, name: role.to_owned() }];
        match CatalogueFile::new(path, Overrides::none()).draft(&in_force, &steps, (Kind::Role, role)) {
            Err(NotDrafted::Invalid(findings)) => findings,
            drafted => panic!("{drafted:?}"),
        }
    }

    #[test]
    fn whoever_takes_a_role_out_that_others_name_is_told_who_does_and_where() {
        let errors = removed("g").into_iter().filter(|finding| finding.severity == Severity::Error);
        let told: Vec<_> = errors.map(|finding| (finding.message, finding.place, finding.help)).collect();
        let expected = [
            ("it is the default role, as `default_role` of [routing] says", "2:16"),
            ("the role \"boss\" names it, in its `overflow[0].add_roles[1]`", "6:47"),
            ("the role \"boss\" names it, in its `when_waited.role`", "8:24"),
            ("the rule \"gold\" names it, in its `when`", "15:43"),
            ("the rule \"gold\" names it, in its `set.role`", "16:16"),
        ];
        let expected = expected.map(|(why, place)| {
            let message = format!("the role \"g\" can't go: {why}. Name another role there first");
            (message, format!("rolecall.toml:{place}"), None)
        });
        assert_eq!(told, expected);
    }
}
