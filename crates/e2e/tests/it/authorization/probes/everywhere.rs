//! What each service answers to anybody.

use crate::authorization::probe::{Needs, Probe, get};

pub(super) const PROBES: &[Probe] = &[
    get("/health").needs(Needs::Nobody),
    get("/health/live").needs(Needs::Nobody),
    get("/metrics").needs(Needs::Nobody),
    get("/openapi.json").needs(Needs::Nobody),
    get("/docs").needs(Needs::Nobody),
    get("/docs/").needs(Needs::Nobody),
    get("/docs/{*rest}").with(&[("*rest", "index.html"), ("rest", "index.html")]).needs(Needs::Nobody),
];

/// All but the gateway say at `/` that they live.
pub(super) const ROOT: &[Probe] = &[get("/").needs(Needs::Nobody)];
