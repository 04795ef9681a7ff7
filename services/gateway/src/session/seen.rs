//! Carries whom the guard found signed in to the layers around it: an error is shown in the frame that the person knows.

use std::sync::{Arc, OnceLock};

use super::CurrentUser;

/// Where the guard leaves the person. Whoever wants to know puts one into the request's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<OnceLock<CurrentUser>>);

impl Seen {
    pub(super) fn set(&self, user: &CurrentUser) {
        // One guard, one person: a second one can't come.
        let _ = self.0.set(user.clone());
    }

    /// Whom the guard found, if it was asked.
    pub(crate) fn user(&self) -> Option<&CurrentUser> {
        self.0.get()
    }
}
