//! Changes of the catalogue while the daemon runs: checked as a whole file, taken by the engine, written.
//!
//! The engine is asked before the file is written, because it knows what hangs on a role; the text lies beside the file by
//! then, so that only a name is left to be changed. Where even that fails, the engine is given the old catalogue back.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::config::{CatalogueFile, Draft, NotDrafted};
use crate::http::{EditRequest, Edited, NotEdited, ReadModel, check_expected};
use crate::routing::{Catalogue, Rejection};
use crate::telemetry::occurrence::{CatalogueRefused, CatalogueReloaded};

use super::desk::Control;
use super::writer::Replaced;

/// Whoever changes the catalogue.
pub(super) struct Keeper {
    pub(super) file: Option<CatalogueFile>,
    pub(super) read_model: Arc<ReadModel>,
    pub(super) control: mpsc::Sender<Control>,
}

impl Keeper {
    /// Does what was asked for, and answers.
    pub(super) async fn take(&self, request: EditRequest) {
        if request.answer.is_closed() {
            return;
        }
        let EditRequest { steps, about, expected, dry_run, author, answer } = request;
        let in_force = self.read_model.catalogue();
        let drafted = || -> Result<Draft, NotEdited> {
            let file = self.file.as_ref().ok_or(NotEdited::NoFile)?;
            check_expected(&in_force, &expected)?;
            let draft = file.draft(&in_force, &steps, (about.0, &about.1)).map_err(not_edited)?;
            let checked = author.check_catalogue(&in_force, &draft.catalogue);
            checked.map_err(|forbidden| NotEdited::Forbidden(forbidden.detail))?;
            Ok(draft)
        };
        let edited = match drafted() {
            Err(why) => Err(why),
            Ok(draft) if dry_run => Ok(edited(draft, None)),
            Ok(draft) => self.put(draft, in_force).await,
        };
        // Whoever asked may have gone; what became of the catalogue is the same.
        let _ = answer.send(edited);
    }

    async fn put(&self, draft: Draft, in_force: Arc<Catalogue>) -> Result<Edited, NotEdited> {
        let file = self.file.as_ref().ok_or(NotEdited::NoFile)?;
        let prepared = file.prepare(&draft).map_err(|error| not_written(file.path(), &error))?;
        match self.replace(Arc::new(draft.catalogue.clone())).await {
            None => Err(NotEdited::Unwritable("the daemon is ending".to_owned())),
            Some(Err(refused)) => {
                CatalogueRefused { error: &refused.to_string() }.emit();
                Err(NotEdited::InUse(refused.detail))
            }
            Some(Ok(replaced)) => {
                if let Err(error) = prepared.commit() {
                    CatalogueRefused { error: &error.to_string() }.emit();
                    let _ = self.replace(in_force).await;
                    return Err(not_written(file.path(), &error));
                }
                CatalogueReloaded { version: replaced.version, changes: &replaced.changes }.emit();
                Ok(edited(draft, Some(replaced.version)))
            }
        }
    }

    /// What the engine says of a catalogue, once that is durable; `None` where it is there no more.
    pub(super) async fn replace(&self, catalogue: Arc<Catalogue>) -> Option<Result<Replaced, Rejection>> {
        let (answer, applied) = oneshot::channel();
        self.control.send(Control::Replace(catalogue, answer)).await.ok()?;
        applied.await.ok()
    }
}

/// Whether asking again can help: a file that is not the daemon's to write stays so.
fn not_written(path: &Path, error: &io::Error) -> NotEdited {
    let what = format!("{} can't be written: {error}", path.display());
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => NotEdited::ReadOnly(format!(
            "{what}; change it where it is deployed from and have it read (SIGHUP, or a restart), or let the daemon write \
             that file and its directory"
        )),
        _ => NotEdited::Unwritable(what),
    }
}

fn edited(draft: Draft, version: Option<u64>) -> Edited {
    Edited { version, differences: draft.differences, warnings: draft.warnings }
}

fn not_edited(why: NotDrafted) -> NotEdited {
    match why {
        NotDrafted::Unusable(_) | NotDrafted::ChangedOnDisk => NotEdited::FileDiffers(why.to_string()),
        NotDrafted::CannotEdit(error) => NotEdited::CannotEdit(error.to_string()),
        NotDrafted::Invalid(findings) => NotEdited::Invalid(findings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_the_daemon_s_to_write_is_told_from_one_that_can_not_be_written_now() {
        let refused =
            |kind: io::ErrorKind| not_written(Path::new("/etc/rolecall/rolecall.toml"), &io::Error::from(kind));
        for kind in [io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied] {
            let NotEdited::ReadOnly(detail) = refused(kind) else { panic!("{kind}: {:?}", refused(kind)) };
            assert!(detail.starts_with("/etc/rolecall/rolecall.toml can't be written: "), "{detail}");
        }
        assert!(matches!(refused(io::ErrorKind::StorageFull), NotEdited::Unwritable(_)));
    }
}
