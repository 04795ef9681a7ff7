//! Which text of a job counts: the newest edit, else what was generated. Everything that shows or hands out a job's text
//! asks here.

use chrono::{DateTime, Utc};
use hg_contracts::cpm::{Approval, ContentVersionInfo, JobDetail, JobResult, Verdict};

use super::{StandingView, VerdictView};
use crate::pages::parts::{Moment, StatusBadge, Tone};

/// The text that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Current<'a> {
    /// It, with its score.
    pub(super) result: &'a JobResult,
    /// Who made it of what was generated; none where nobody did.
    pub(super) edit: Option<&'a ContentVersionInfo>,
}

/// The text of a job that counts; none while there is none.
pub(super) fn current(job: &JobDetail) -> Option<Current<'_>> {
    match &job.edited {
        Some(edited) => Some(Current { result: &edited.result, edit: Some(&edited.info) }),
        None => job.result.as_ref().map(|result| Current { result, edit: None }),
    }
}

/// What people have made of a text and say of it.
pub(super) fn standing(job: &JobDetail, approval_href: Option<String>, now: DateTime<Utc>) -> Option<StandingView> {
    let edit = current(job)?.edit;
    let title = match edit {
        Some(edit) => {
            let by = edit.author.as_ref().map(|author| format!(" by {}", author.name)).unwrap_or_default();
            let from = edit.restored_from.map(|from| format!(", as in version {from}")).unwrap_or_default();
            format!("Version {}, edited{by}{from}", edit.version)
        }
        None => "As it was generated".to_owned(),
    };
    Some(StandingView {
        version: edit.map_or(0, |edit| edit.version),
        title,
        edited: edit.map(|edit| Moment::new(edit.created_at, now)),
        note: edit.and_then(|edit| edit.note.clone()).unwrap_or_default(),
        verdict: job.approval.as_ref().and_then(|approval| verdict(approval, now)),
        approval_href,
        alert: None,
        typed: String::new(),
    })
}

fn verdict(approval: &Approval, now: DateTime<Utc>) -> Option<VerdictView> {
    let badge = match approval.verdict {
        Verdict::Approved => StatusBadge::new("Approved", Tone::Success, "circle-check"),
        Verdict::Rejected => StatusBadge::new("Rejected", Tone::Danger, "circle-x"),
        Verdict::Withdrawn => return None,
    };
    let by = approval.author.as_ref().map(|author| format!("by {}", author.name)).unwrap_or_default();
    let note = approval.note.clone().unwrap_or_default();
    let by = if approval.is_current { by } else { format!("version {} {by}", approval.version).trim_end().to_owned() };
    Some(VerdictView { badge, by, at: Moment::new(approval.created_at, now), note, is_current: approval.is_current })
}
