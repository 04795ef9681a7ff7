//! The content production service as a process. `hg-cpm healthcheck` asks a running one for its health, for containers.

use std::process::ExitCode;

fn main() -> ExitCode {
    hg_common::service::main(hg_cpm::INFO, hg_cpm::config::DEFAULT_PORT, hg_cpm::run)
}
