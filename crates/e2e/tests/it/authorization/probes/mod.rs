//! The table of probes: a line per route and way to ask it, one file per service.
//!
//! A route without a line here fails the matrix with its name, and so does a line without a route.

mod cpm;
mod everywhere;
mod gateway;
mod im;
mod smm;

use hg_common::auth::Service;

use super::probe::Probe;

/// The probes of a service.
pub(crate) fn of(service: Service) -> Vec<Probe> {
    let own = match service {
        Service::Smm => smm::PROBES,
        Service::Im => im::PROBES,
        Service::Cpm => cpm::PROBES,
        Service::Gateway => gateway::PROBES,
    };
    let root: &[Probe] = if service == Service::Gateway { &[] } else { everywhere::ROOT };
    own.iter().chain(everywhere::PROBES).chain(root).copied().collect()
}
