//! The instructions service as a process. `hg-im healthcheck` asks a running one for its health, for containers.

use std::process::ExitCode;

hg_common::use_jemalloc!();

fn main() -> ExitCode {
    hg_common::service::main(hg_im::INFO, hg_im::config::DEFAULT_PORT, hg_im::run)
}
