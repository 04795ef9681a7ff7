//! What has just happened, as a redirect says it (`?notice=moved`) and the next page shows it.

use super::shell::{Flash, FlashKind};

/// What the address says; nothing for what nobody knows.
#[must_use]
pub fn flash(name: Option<&str>) -> Option<Flash> {
    let message = match name? {
        "made" => "The client is there. Invite its people, or give it a strategy of its own.",
        "changed" => "The client is changed.",
        "moved" => "The client stands in its new place, and inherits from there.",
        "archived" => "The client is archived, with everything below it: it takes no new jobs.",
        "restored" => "The client is back.",
        "deleted" => "The client is deleted.",
        "role" => "The role is changed.",
        "removed" => "The membership has ended.",
        "left" => "You have left the client.",
        "revoked" => "The invitation is taken back: its link opens nothing any more.",
        "joined" => "Welcome. You are a member now.",
        "saved" => "Saved. It holds from the next text on.",
        "unchanged" => "Nothing had changed, so no version was saved.",
        "brought-back" => "The earlier version is back, as a new one.",
        "inherits" => "Everything is inherited again. The versions are kept, and any of them can be restored.",
        "kept" => "Saved. What is older goes with the next run.",
        "export-asked" => "The export is under way. It can be downloaded here when it is ready.",
        "data-cancelled" => "It is cancelled.",
        "erasing" => "The erasure is under way. It can’t be stopped; the client goes from the lists with it.",
        "limits" => "The limits are in force.",
        "key-changed" => "The key is changed. It holds everywhere within a second.",
        "key-revoked" => "The key is revoked: it opens nothing any more.",
        "key-stored" => "The key is stored and sealed. Try it, if you like.",
        "key-tried" => "The provider was asked; its answer stands beside the key.",
        "key-disabled" => "The key is disabled: jobs that name it are refused.",
        "key-enabled" => "The key is enabled.",
        "key-deleted" => "The key is deleted.",
        _ => return None,
    };
    Some(Flash { kind: FlashKind::Success, message: message.to_owned() })
}
