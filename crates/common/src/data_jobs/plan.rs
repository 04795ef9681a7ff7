//! Which parts each kind of job has. Those of a phase run side by side; the next phase waits for all of them.

use hg_types::DataJobKind;
use serde::Serialize;

use crate::auth::Service;

/// A part of a job: who does it, what, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartSpec {
    /// Whose tables it works on.
    pub service: Service,
    /// Its name; unique in the service and the job.
    pub step: &'static str,
    /// From 1.
    pub phase: i16,
}

const fn part(service: Service, step: &'static str, phase: i16) -> PartSpec {
    PartSpec { service, step, phase }
}

const CLIENT_EXPORT: &[PartSpec] = &[
    part(Service::Smm, "client", 1),
    part(Service::Im, "templates", 1),
    part(Service::Cpm, "jobs", 1),
    part(Service::Cpm, "costs", 1),
    part(Service::Smm, "archive", 2),
];

/// What runs is stopped first, and waited for: it would write more. The client's row follows when nothing refers to its texts
/// any more; with it goes a job that had been accepted in the very moment of the archiving. The audit log comes last, for it
/// records all of this.
const CLIENT_ERASURE: &[PartSpec] = &[
    part(Service::Cpm, "stop", 1),
    part(Service::Cpm, "jobs", 2),
    part(Service::Cpm, "keys", 2),
    part(Service::Im, "templates", 2),
    part(Service::Smm, "strategies", 2),
    part(Service::Smm, "people", 2),
    part(Service::Smm, "exports", 2),
    part(Service::Cpm, "late_jobs", 3),
    part(Service::Smm, "close", 3),
    part(Service::Smm, "audit", 4),
];

const PERSON_EXPORT: &[PartSpec] = &[
    part(Service::Gateway, "account", 1),
    part(Service::Smm, "person", 1),
    part(Service::Im, "templates", 1),
    part(Service::Cpm, "jobs", 1),
    part(Service::Smm, "archive", 2),
];

/// The invitations go while the address is known.
const PERSON_ERASURE: &[PartSpec] = &[
    part(Service::Gateway, "lock_out", 1),
    part(Service::Smm, "invitations", 2),
    part(Service::Smm, "memberships", 2),
    part(Service::Smm, "exports", 2),
    part(Service::Cpm, "keys", 2),
    part(Service::Gateway, "account", 3),
    part(Service::Smm, "audit", 4),
];

const RETENTION: &[PartSpec] =
    &[part(Service::Cpm, "jobs", 1), part(Service::Cpm, "logs", 1), part(Service::Smm, "audit", 1)];

/// The parts of a job of this kind.
#[must_use]
pub const fn plan(kind: DataJobKind) -> &'static [PartSpec] {
    match kind {
        DataJobKind::ClientExport => CLIENT_EXPORT,
        DataJobKind::ClientErasure => CLIENT_ERASURE,
        DataJobKind::PersonExport => PERSON_EXPORT,
        DataJobKind::PersonErasure => PERSON_ERASURE,
        DataJobKind::Retention => RETENTION,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_part_has_a_name_of_its_own_and_phases_have_no_gap() {
        for kind in DataJobKind::ALL {
            let parts = plan(*kind);
            let names: BTreeSet<_> = parts.iter().map(|part| (part.service.as_str(), part.step)).collect();
            assert_eq!(names.len(), parts.len(), "{kind}");
            let phases: BTreeSet<i16> = parts.iter().map(|part| part.phase).collect();
            assert_eq!(phases.into_iter().collect::<Vec<_>>(), (1..=parts.last().unwrap().phase).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_erasure_leaves_the_audit_log_for_last() {
        for kind in DataJobKind::ALL.iter().filter(|kind| kind.is_erasure()) {
            let last = plan(*kind).last().unwrap();
            assert_eq!(last.step, "audit");
            assert_eq!(plan(*kind).iter().filter(|part| part.phase == last.phase).count(), 1);
        }
    }
}
