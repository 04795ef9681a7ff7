//! Who is signed in: sessions, the cookie that carries them, logging in and out, and the guard's authentication.
//!
//! A session is a row in `auth.sessions`, named by a JWT (HS256, `typ` = `hg-session`) in an HttpOnly cookie. The row decides: it
//! is looked at on each request, through a cache of a few seconds, so that revoking works at once and everywhere. The token
//! alone lets nobody in.
//!
//! Nothing here knows a resource, and nothing but this module makes or reads the cookie.

mod cookie;
mod current_user;
pub(crate) mod expiry;
pub(crate) mod forms;
mod guard;
mod hashing;
pub(crate) mod invitation;
mod keys;
mod login;
mod renewal;
mod reset;
mod seen;
mod sessions;

pub use cookie::CookiePolicy;
pub(crate) use cookie::read_cookie;
pub use current_user::CurrentUser;
pub(crate) use guard::SessionGuard;
pub(crate) use hashing::Hashing;
pub use keys::{SessionClaims, SessionKeys};
pub(crate) use login::{LoginRefused, login};
pub(crate) use renewal::renewal;
pub(crate) use reset::{ResetRefused, reset_password};
pub(crate) use seen::Seen;
pub use sessions::{SessionOrigin, Sessions, SignedIn};
