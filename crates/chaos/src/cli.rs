//! The command line. No behaviour.

use std::path::PathBuf;

use clap::Parser;
use hg_chaos::Sabotage;

/// Breaks HG Content under load, one fault after the other, and proves after each that nothing was lost or charged twice.
#[derive(Parser)]
#[command(name = "hg-chaos", bin_name = "cargo hg chaos", version, about)]
pub(crate) struct Cli {
    /// Only these faults, separated by commas; --list names them.
    #[arg(long, value_delimiter = ',')]
    pub(crate) faults: Vec<String>,
    /// Names the faults, and ends. A star marks those of --short.
    #[arg(long)]
    pub(crate) list: bool,
    /// A handful of faults with few jobs, as every change must pass it. Uses debug programs.
    #[arg(long)]
    pub(crate) short: bool,
    /// Jobs per fault [default: enough for 10,500 in all; 60 with --short].
    #[arg(long)]
    pub(crate) jobs: Option<usize>,
    /// Everything random comes from this: the same seed asks for the same and strikes at the same moments.
    #[arg(long, default_value_t = 20_261_121)]
    pub(crate) seed: u64,
    /// Where the figures are written [default: target/chaos/<time>.json].
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Where servers, logs and figures are kept: a folder on a real disk.
    #[arg(long, default_value = "target/chaos")]
    pub(crate) dir: PathBuf,
    /// Plants lies in the books of each fault, to see them found: lost-job, second-charge, unknown-call.
    #[arg(long, hide = true, value_delimiter = ',')]
    pub(crate) plant: Vec<Sabotage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
