//! The command line: names, help and defaults of every sub-command. No behaviour.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hg_common::config::Env;

/// HG Content's command: runs it, tests it, looks after it.
#[derive(Parser)]
#[command(name = "hg", bin_name = "cargo hg", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Sub,
}

#[derive(Subcommand)]
pub(crate) enum Sub {
    /// Runs the whole system on this machine, and writes a first article with it.
    Up(Up),
    /// Runs every test: unit, integration, browser. Arguments go to `cargo test`.
    Test(Test),
    /// Measures the system as it runs in production. Arguments go to `hg-bench`, `--help` too.
    Bench(PassedOn),
    /// Breaks the system under load, one fault after the other, and proves that nothing was lost or charged twice.
    Chaos(PassedOn),
    /// Brings the database's schema up to date.
    Migrate(Migrate),
    /// Writes the sample clients, strategies and default templates.
    Seed(Direct),
    /// Users, reset links, API keys, signing keys.
    Admin(Admin),
    /// What containers need before the services start: secrets, and a database that is ready.
    Setup(Setup),
    /// The checked-in data by which SQL is type-checked without a database.
    Sqlx(Sqlx),
    /// Generated documentation.
    Docs(Docs),
}

/// Options of `up`.
#[derive(Args)]
pub(crate) struct Up {
    /// Throw the data of earlier runs away first.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Stop with exit code 0 once the first article is written.
    #[arg(long, visible_alias = "once")]
    pub(crate) check: bool,
    /// Where data, keys and logs are kept.
    #[arg(long, env = "HG_DATA", default_value = "data/up")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) ports: PortOptions,
}

/// Ports of the services. Without one, the usual port is taken if it is free, else any free one.
#[derive(Args)]
pub(crate) struct PortOptions {
    /// Port of the web interface [usually 3000].
    #[arg(long = "port-gateway", env = "HG_PORT_GATEWAY")]
    pub(crate) gateway: Option<u16>,
    /// Port of content production [usually 8000].
    #[arg(long = "port-cpm", env = "HG_PORT_CPM")]
    pub(crate) cpm: Option<u16>,
    /// Port of the instructions service [usually 8001].
    #[arg(long = "port-im", env = "HG_PORT_IM")]
    pub(crate) im: Option<u16>,
    /// Port of the strategy service [usually 8003].
    #[arg(long = "port-smm", env = "HG_PORT_SMM")]
    pub(crate) smm: Option<u16>,
}

/// Options of `test`.
#[derive(Args)]
pub(crate) struct Test {
    /// Passed to `cargo test`, as in `cargo hg test -p hg-cpm -- lease`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Options of `bench` and `chaos`.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct PassedOn {
    /// Passed to the program, as in `cargo hg bench --quick --rows accept,jobs`; `--help` tells of them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// The direct connection of an administrator.
#[derive(Args, Clone)]
pub(crate) struct Direct {
    /// Postgres itself, not the pooler, as a role that may act as hg_owner [else MIGRATION_DATABASE_URL or
    /// DATABASE_DIRECT_URL, or the file that either with _FILE names].
    #[arg(long = "database-url", hide_env_values = true)]
    url: Option<String>,
}

impl Direct {
    /// The URL, or what to do about its absence.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let mut env = Env::from_process("hg");
        let mut read = |name| env.optional::<String>(name).secret().read();
        let (first, second) = (read("MIGRATION_DATABASE_URL"), read("DATABASE_DIRECT_URL"));
        env.finish()?;
        first.or(second).ok_or_else(|| {
            anyhow::anyhow!("set MIGRATION_DATABASE_URL (or DATABASE_DIRECT_URL) to Postgres itself, not the pooler")
        })
    }
}

/// Options of `migrate`.
#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Make the roles first: needs a login that may create roles, and the password of hg_content_app.
    #[arg(long, requires = "app_password")]
    pub(crate) bootstrap: bool,
    /// The password that hg_content_app gets.
    #[arg(long, env = "HG_APP_PASSWORD", hide_env_values = true)]
    pub(crate) app_password: Option<String>,
}

/// Options of `admin`.
#[derive(Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) command: AdminSub,
}

#[derive(Subcommand)]
pub(crate) enum AdminSub {
    /// Makes a user, member of a client, and prints how they get in.
    CreateUser(CreateUser),
    /// Prints a link by which a user sets a new password, once, within an hour.
    ResetLink(ResetLink),
    /// Makes an API key for a trusted service; it is shown once.
    ApiKey(ApiKey),
    /// Gives a client more turns of the workers than others, or another number of jobs at once. Without options it lists the shares.
    Share(Share),
    /// Makes the keys by which services know each other, and prints the variables of all four.
    Keys(Keys),
    /// Proves the audit log. Needs AUDIT_KEYS (or the file that AUDIT_KEYS_FILE names), as the strategy service has it.
    Audit(Audit),
    /// Proves the accounts: budgets, reservations, charges, usage.
    Ledger(Ledger),
}

/// `admin ledger …`.
#[derive(Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    pub(crate) command: LedgerSub,
}

#[derive(Subcommand)]
pub(crate) enum LedgerSub {
    /// Proves that budgets are the sums of the ledger, and names every row that differs; ends with code 1 if there is one.
    Verify(LedgerVerify),
}

/// Options of `admin ledger verify`.
#[derive(Args)]
pub(crate) struct LedgerVerify {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Only this client and what is below it: its slug or id.
    #[arg(long)]
    pub(crate) client: Option<String>,
    /// Only what was reserved from this day (UTC) on, such as 2026-11-01.
    #[arg(long)]
    pub(crate) since: Option<chrono::NaiveDate>,
}

/// `admin audit …`.
#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) command: AuditSub,
}

#[derive(Subcommand)]
pub(crate) enum AuditSub {
    /// Walks every chain and names every fault; ends with code 1 if there is one.
    Verify(AuditVerify),
    /// Prints the end of each chain: kept outside of the database, it shows if that was brought back to an older state.
    Heads(AuditHeads),
}

/// Options of `admin audit verify`.
#[derive(Args)]
pub(crate) struct AuditVerify {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Only the chain of this client: its slug or id.
    #[arg(long)]
    pub(crate) client: Option<String>,
    /// A file with what `heads` printed some time.
    #[arg(long)]
    pub(crate) heads: Option<PathBuf>,
}

/// Options of `admin audit heads`.
#[derive(Args)]
pub(crate) struct AuditHeads {
    #[command(flatten)]
    pub(crate) direct: Direct,
}

/// Options of `admin share`.
#[derive(Args)]
pub(crate) struct Share {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Slug or id of the client; it holds for everybody below who has no share of their own.
    #[arg(long)]
    pub(crate) client: Option<String>,
    /// So many turns to one of a client without a share: 1 to 100.
    #[arg(long, requires = "client", value_parser = clap::value_parser!(i16).range(1..=100))]
    pub(crate) weight: Option<i16>,
    /// How many of its jobs run at once, over all processes: 1 to 10000 [else WORKER_CLIENT_CONCURRENCY].
    #[arg(long, requires = "client", value_parser = clap::value_parser!(i32).range(1..=10_000))]
    pub(crate) concurrency: Option<i32>,
    /// Take the client's share back: it gets what everybody gets, or what is said above it.
    #[arg(long, requires = "client", conflicts_with_all = ["weight", "concurrency"])]
    pub(crate) usual: bool,
}

/// Options of `admin create-user`.
#[derive(Args)]
pub(crate) struct CreateUser {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// E-mail address: the login.
    #[arg(long)]
    pub(crate) email: String,
    /// The name that others see; without it, the e-mail address, and whoever is there keeps theirs.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// What they may do on the client and everything below it; without it, `member`, and whoever is there keeps their role.
    #[arg(long)]
    pub(crate) role: Option<RoleName>,
    /// Slug or id of the client.
    #[arg(long)]
    pub(crate) client: String,
    /// Read a password from standard input instead of printing a link by which they set one.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The gateway's address, for the link.
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:3000")]
    pub(crate) public_url: String,
}

/// A role, weakest first.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    /// Sees.
    Viewer,
    /// Sees and writes.
    Member,
    /// Administers the client.
    Admin,
    /// Owns it.
    Owner,
}

impl RoleName {
    /// As the database writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// Options of `admin reset-link`.
#[derive(Args)]
pub(crate) struct ResetLink {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Whose.
    #[arg(long)]
    pub(crate) email: String,
    /// The gateway's address.
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:3000")]
    pub(crate) public_url: String,
}

/// Options of `admin api-key`.
#[derive(Args)]
pub(crate) struct ApiKey {
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Slug or id of the client that the key speaks for (and for everything below it).
    #[arg(long)]
    pub(crate) client: String,
    /// What people will know the key by.
    #[arg(long)]
    pub(crate) name: String,
    /// What it may do.
    #[arg(long, value_delimiter = ',', default_value = "generate,jobs:read")]
    pub(crate) scopes: Vec<String>,
    /// Days until it expires; without, it doesn't.
    #[arg(long)]
    pub(crate) expires_days: Option<u16>,
}

/// Options of `admin keys`.
#[derive(Args)]
pub(crate) struct Keys {
    /// The keys' generation; a rotation counts up. While it lasts, give everybody both generations' public keys.
    #[arg(long, default_value_t = 1)]
    pub(crate) generation: u16,
}

/// Options of `setup`.
#[derive(Args)]
pub(crate) struct Setup {
    #[command(subcommand)]
    pub(crate) command: SetupSub,
}

/// Both parts read their values from the environment (see docs/deployment.md), and are safe to repeat.
#[derive(Subcommand)]
pub(crate) enum SetupSub {
    /// Writes the secrets of each service into a folder of its own: those that are given, else those of the last time,
    /// else new ones.
    Secrets(SetupSecrets),
    /// Roles, schema, default templates, and the first user.
    Database(Direct),
}

/// Options of `setup secrets`.
#[derive(Args)]
pub(crate) struct SetupSecrets {
    /// The folder that has (or gets) a folder for each reader.
    #[arg(long, default_value = "/secrets")]
    pub(crate) dir: PathBuf,
    /// Postgres, as the set-up reaches it.
    #[arg(long, default_value = "hg-content-postgres:5432")]
    pub(crate) postgres: String,
    /// PgBouncer, as the services reach it.
    #[arg(long, default_value = "hg-content-pgbouncer:6543")]
    pub(crate) pooler: String,
}

/// Options of `sqlx`.
#[derive(Args)]
pub(crate) struct Sqlx {
    /// What to do.
    pub(crate) action: SqlxAction,
    /// Only this package (and, for `prepare`, leave the data of others alone); may be repeated.
    #[arg(short, long)]
    pub(crate) package: Vec<String>,
    /// An empty database to use instead of a private one: Postgres itself, as superuser.
    #[arg(long)]
    pub(crate) database_url: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlxAction {
    /// Write .sqlx anew.
    Prepare,
    /// Fail when .sqlx isn't what `prepare` would write.
    Check,
}

/// Options of `docs`.
#[derive(Args)]
pub(crate) struct Docs {
    /// Fail when a file isn't what would be written.
    #[arg(long)]
    pub(crate) check: bool,
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
    fn what_follows_bench_goes_to_it() {
        let cli = Cli::try_parse_from(["hg", "bench", "--quick", "--rows", "accept", "--help"]).unwrap();
        let Sub::Bench(bench) = cli.command else { panic!("not bench") };
        assert_eq!(bench.arguments, ["--quick", "--rows", "accept", "--help"]);
    }

    #[test]
    fn what_follows_test_goes_to_cargo() {
        let cli = Cli::try_parse_from(["hg", "test", "-p", "hg-cpm", "--", "lease"]).unwrap();
        let Sub::Test(test) = cli.command else { panic!("not test") };
        assert_eq!(test.arguments, ["-p", "hg-cpm", "--", "lease"]);
    }
}
