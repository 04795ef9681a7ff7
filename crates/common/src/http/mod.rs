//! The scaffold that all four services stand on.
//!
//! A service gathers its routes, each with an access rule ([`Routes`]), and builds an [`App`] from them: the standard endpoints, the
//! guard that refuses what has no rule, authentication, and the layers that every answer passes. [`serve`] runs the result.
//! Handlers take [`Json`], [`Query`] and [`Path`] from here and fail with [`ApiError`].
//!
//! Nothing here knows a resource of any service.

mod app;
mod client_address;
mod closed_client;
mod drain;
mod error;
mod extract;
mod field_errors;
mod guard;
mod health;
mod layers;
mod linger;
mod note;
mod pagination;
pub mod request_id;
mod routes;
mod server;
mod standard;
mod timeout;
mod zero;

pub use self::app::{App, BuiltApp, RootPage, ServiceInfo};
pub use self::client_address::ClientAddress;
pub use self::closed_client::closed_client;
pub use self::error::{ApiError, BudgetProblem, ErrorBody, ErrorDetail, ErrorInfo, constraint_name, error_chain};
pub use self::extract::{Json, Path, Query};
pub use self::field_errors::{FieldError, FieldErrors};
pub use self::guard::{Authenticate, PublicOnly, protect, registered_paths};
pub use self::health::{
    CheckError, Criticality, HealthChecks, HealthChecksBuilder, HealthReport, HealthcheckError, ServiceHealth,
    healthcheck,
};
pub use self::note::check_note;
pub use self::pagination::{MAX_COUNTED, Page, PageInfo, PageQuery, PageRequest, decode_cursor, encode_cursor};
pub use self::request_id::{RequestId, current_request_id, with_request_id};
pub use self::routes::{Access, Route, RouteTable, Routes};
pub use self::server::{Ending, ServeError, ShutdownToken, serve, serve_on, shutdown_on_signal};
pub use self::timeout::TimeoutLayer;
pub use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt};
pub use utoipa_axum::routes;
