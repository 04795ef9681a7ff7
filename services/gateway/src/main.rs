//! The gateway as a process. `hg-gateway healthcheck` asks a running one for its health, for containers.

use std::process::ExitCode;

fn main() -> ExitCode {
    hg_common::service::main(hg_gateway::INFO, hg_gateway::config::DEFAULT_PORT, hg_gateway::run)
}
