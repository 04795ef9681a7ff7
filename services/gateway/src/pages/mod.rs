//! The web interface: server-rendered pages and their fragments.
//!
//! One module per area. Each has the typed contexts of its templates (what a template may print is what its struct
//! says; templates are strict, so a field that is missing is an error, not a blank) and the handlers that fill them:
//! extract → a few calls through the typed clients → context → render. Formatting happens here, never in templates.
//!
//! Nothing in here decides who may see what (the services do, on the user's behalf), and nothing touches the database.
//!
//! To add a page: a template under `templates/pages/<area>/`, a context that implements [`Page`], a sample of it under
//! `templates/samples/`, a handler that takes a [`visit::Visit`] and is named in `routes.rs`. A fragment is a template of its own that its page includes and its handler renders
//! alone; its context implements [`Fragment`].

pub mod assets;
pub mod audit;
pub mod clients;
pub mod content;
pub mod costs;
pub mod dashboard;
pub mod data;
pub mod directory;
pub mod errors;
pub mod find;
pub mod format;
pub mod forms;
pub mod invitation;
pub mod job;
pub mod jobs;
pub mod keys;
pub mod login;
pub mod markdown;
pub mod notices;
pub mod parts;
pub mod people;
pub mod place;
pub mod reset;
pub mod shell;
pub mod strategies;
pub mod templates;
mod typed;
pub mod visit;

#[cfg(test)]
mod sample_tests;

pub use assets::Assets;
pub use shell::Shell;
pub use templates::{Fragment, Page, RenderError, Templates};
