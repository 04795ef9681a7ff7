//! Work on the data of a client or a person as a whole.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::content::named_enum;

named_enum!(
    "kind of data job",
    /// What is done with the data of a client or a person.
    DataJobKind {
        /// Everything of a client, as a ZIP.
        ClientExport = "client_export",
        /// A client's texts, people and keys go; what was paid for stays.
        ClientErasure = "client_erasure",
        /// Everything of a person, as a ZIP.
        PersonExport = "person_export",
        /// A person's account is emptied.
        PersonErasure = "person_erasure",
        /// What is older than a client keeps it goes.
        Retention = "retention",
    }
);

impl DataJobKind {
    /// Whether it ends with a file.
    #[must_use]
    pub const fn is_export(self) -> bool {
        matches!(self, Self::ClientExport | Self::PersonExport)
    }

    /// Whether it can't be stopped half-way.
    #[must_use]
    pub const fn is_erasure(self) -> bool {
        matches!(self, Self::ClientErasure | Self::PersonErasure)
    }
}
