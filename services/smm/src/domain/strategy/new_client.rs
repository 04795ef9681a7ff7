//! What strategies a new client begins with.
//!
//! The reference gives every new client two: "Default Blog Strategy" and "Default Social Media Strategy". Their values
//! are the built-in ones, which hold anyway; written down they would stand between a new client and what is decided above
//! it later on. So the strategies are there, under their names and ready to be filled, and say nothing.

use hg_types::ContentType;

/// The strategies of a new client: what they are for, and their names in the reference.
pub const FOR_NEW_CLIENT: [(ContentType, &str); 2] =
    [(ContentType::BlogPost, "Default Blog Strategy"), (ContentType::SocialMedia, "Default Social Media Strategy")];
