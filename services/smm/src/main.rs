//! The strategy service as a process. `hg-smm healthcheck` asks a running one for its health, for containers.

use std::process::ExitCode;

hg_common::use_jemalloc!();

fn main() -> ExitCode {
    hg_common::service::main(hg_smm::INFO, hg_smm::config::DEFAULT_PORT, hg_smm::run)
}
