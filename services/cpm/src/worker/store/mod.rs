//! The worker's SQL. What crosses tenants (claim, leases, reaping, reconciling) runs as `hg_system`; what an attempt
//! writes about its own job runs in the scope of the job's client, behind [`attempt::fence`].

pub(super) mod attempt;
pub(super) mod claim;
pub(super) mod ending;
pub(super) mod expired;
pub(super) mod lease;
pub(super) mod outcomes;
pub(super) mod overdue;
pub(super) mod pending;
pub(super) mod shares;
