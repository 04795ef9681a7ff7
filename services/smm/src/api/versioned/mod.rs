//! What is saved in versions, at the wire: everything that strategies and SEO rules have in common. The handlers, each with
//! its path and its description, are in `strategies` and `seo_rules`; what differs between the two is [`Kind`].

mod read;
mod write;

pub(super) use read::{compare, fetch, list, version, versions};
pub(super) use write::{create, delete, restore, update};

use hg_common::{
    db::TenantTx,
    http::{ApiError, FieldErrors},
};
use hg_types::ContentType;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    domain::access::Action,
    store::versioned::{Seen, Stored, StoredVersion, Tables, versioned_fetch},
};

/// How one kind looks to callers.
pub(super) trait Kind: Tables {
    /// What is saved, as it comes in.
    type Incoming;
    /// One of the kind, as it goes out.
    type Outgoing;
    /// One version, as it goes out.
    type Version;
    /// What it is called where it isn't found.
    const NAME: &'static str;
    /// The same with its verb, as in "these rules are for blog_post".
    const THIS_IS: &'static str;
    /// Code and message for saving what was deleted.
    const DELETED: (&'static str, &'static str);
    /// Who may save it.
    const SAVE: Action;
    /// Who may delete it.
    const DELETE: Action;

    /// What came in, taken apart; what is wrong with a name is noted.
    fn draft(incoming: Self::Incoming, errors: &mut FieldErrors) -> Draft;
    /// Stored fields, checked by today's rules.
    fn check_stored(content_type: ContentType, fields: Map<String, Value>) -> Checked;
    /// As it goes out.
    fn outgoing(stored: Stored) -> Self::Outgoing;
    /// As it goes out.
    fn version(id: Uuid, version: StoredVersion) -> Self::Version;
}

/// Fields in their stored form, or what is wrong with them.
pub(super) type Checked = Result<Map<String, Value>, ApiError>;

/// What is to be saved.
pub(super) struct Draft {
    /// Its name; SEO rules have none.
    pub(super) name: Option<String>,
    /// What it is for.
    pub(super) content_type: ContentType,
    /// What it says.
    pub(super) fields: Checked,
    /// Why it is saved.
    pub(super) note: Option<String>,
    /// The version that it is based on.
    pub(super) version: Option<i32>,
}

/// One by its id.
///
/// # Errors
/// 404 where the caller sees no such one.
async fn seen<K: Kind>(tx: &mut TenantTx, id: Uuid) -> Result<Seen, ApiError> {
    versioned_fetch::<K>(tx, id).await?.ok_or_else(|| ApiError::not_found(K::NAME))
}
