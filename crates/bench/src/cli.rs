//! The command line. No behaviour.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use hg_common::auth::Service;

/// Measures HG Content as it runs in production: private durable servers, release processes, load over HTTP.
#[derive(Parser)]
#[command(name = "hg-bench", bin_name = "cargo hg bench", version, about)]
pub(crate) struct Cli {
    /// Only these rows, separated by commas; --list names them.
    #[arg(long, value_delimiter = ',')]
    pub(crate) rows: Vec<String>,
    /// Everything short: to see that it works, not to be believed.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Names the rows, and ends.
    #[arg(long)]
    pub(crate) list: bool,
    /// Where the figures are written [default: target/bench/<time>.json].
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// An earlier file to compare with: prints what changed, and by how much.
    #[arg(long)]
    pub(crate) compare: Option<PathBuf>,
    /// One more variable of a service, as in `--set cpm:WORKER_CONCURRENCY=64`; may be repeated.
    #[arg(long = "set", value_parser = setting)]
    pub(crate) settings: Vec<Setting>,
    /// Also shows the statements that took most of Postgres' time in each measurement (pg_stat_statements; costs a little).
    #[arg(long)]
    pub(crate) statements: bool,
    /// Where servers, logs and figures are kept: a folder on a real disk.
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
}

/// A variable of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) service: Service,
    pub(crate) name: String,
    pub(crate) value: String,
}

fn setting(text: &str) -> Result<Setting> {
    let (service, rest) = text.split_once(':').context("expected service:NAME=value")?;
    let (name, value) = rest.split_once('=').context("expected service:NAME=value")?;
    Ok(Setting { service: service.parse()?, name: name.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_setting_names_its_service() {
        let read = setting("cpm:LOG_LEVEL=info,hg_cpm=debug").unwrap();
        let wanted = Setting { service: Service::Cpm, name: "LOG_LEVEL".into(), value: "info,hg_cpm=debug".into() };
        assert_eq!(read, wanted);
        assert!(setting("LOG_LEVEL=info").is_err() && setting("mars:A=b").is_err() && setting("cpm:A").is_err());
    }
}
