//! Changes of the catalogue while the daemon runs: checked as a whole file, taken by the engine, written.
//!
//! The engine is asked before the file is written, because it knows what hangs on a role; the text lies beside the file by
//! then, so that only a name is left to be changed. Where even that fails, the engine is given the old catalogue back.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::config::{CatalogueFile, Draft, NotDrafted};
use crate::http::{EditRequest, Edited, NotEdited, ReadModel, check_expected};
use crate::routing::{Catalogue, Rejection};
use crate::telemetry::occurrence::{CatalogueRefused, CatalogueReloaded};

use super::writer::Replaced;
use super::writer_thread::Control;

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
        let unwritable =
            |error: &std::io::Error| NotEdited::Unwritable(format!("the configuration file can't be written: {error}"));
        let prepared = file.prepare(&draft).map_err(|error| unwritable(&error))?;
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
                    return Err(unwritable(&error));
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
