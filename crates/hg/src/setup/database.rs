//! `hg setup database`: roles, schema, default templates, and the first user, over the direct connection.
//!
//! It never changes what people have changed: sample data and the first user's password are written once.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hg_common::auth::password;
use hg_common::config::{Env, Environment, Flag, ReadConfig, Secret};
use hg_common::db;
use sqlx::{Connection as _, PgConnection};

use crate::admin::users;
use crate::database::{connect, connect_as_owner};
use crate::seed::{self, ROOT_SLUG, What};

/// How long Postgres may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
const ROUND: Duration = Duration::from_millis(250);
/// The login for trying things out. Its mailbox isn't the operator's.
const DEVELOPER: &str = "dev@hgcontent.com";

/// What the step reads from its environment.
struct Settings {
    app_password: Secret,
    sample_data: bool,
    admin: Option<FirstUser>,
}

struct FirstUser {
    email: String,
    password: Option<Secret>,
}

impl ReadConfig for Settings {
    fn read(env: &mut Env) -> Option<Self> {
        let app_password = env
            .required::<Secret>("HG_APP_PASSWORD")
            .secret()
            .doc("The password that the database role hg_content_app gets.")
            .read();
        let environment = env.with_default("ENVIRONMENT", Environment::Development).alias("NODE_ENV").read();
        let Flag(sample_data) = env.with_default("HG_SAMPLE_DATA", Flag(false)).read();
        let email = env.optional::<String>("HG_ADMIN_EMAIL").read_with(|text| {
            if text.contains('@') { Ok(text.to_lowercase()) } else { Err("expected an e-mail address".to_owned()) }
        });
        let password = env.optional::<Secret>("HG_ADMIN_PASSWORD").secret().read_with(|text| {
            password::check(text).map_err(|error| error.to_string())?;
            Ok(Secret::new(text))
        });
        if environment.is_production() && sample_data {
            env.problem("HG_SAMPLE_DATA", "production takes no sample data: set it to false");
        }
        if environment.is_production() && email.as_deref() == Some(DEVELOPER) {
            env.problem("HG_ADMIN_EMAIL", "is the address for trying things out: name the owner of this installation");
        }
        let admin = email.map(|email| FirstUser { email, password });
        Some(Self { app_password: app_password?, sample_data, admin })
    }
}

/// The command.
pub(super) async fn prepare(direct_url: &str) -> Result<()> {
    let settings = Env::from_process("hg setup database").load::<Settings>()?.config;
    wait_for(direct_url).await?;
    db::bootstrap(direct_url, settings.app_password.expose()).await?;
    println!("roles are there");
    for name in db::migrate(direct_url).await? {
        println!("applied {name}");
    }
    println!("schema version {}", db::latest_version());
    let what = if settings.sample_data { What::SampleData } else { What::Needed };
    println!(
        "{}: {}",
        if settings.sample_data { "sample data" } else { "templates" },
        seed::run(direct_url, what).await?
    );
    if let Some(admin) = settings.admin {
        first_user(&mut connect_as_owner(direct_url).await?, admin).await?;
    }
    Ok(())
}

/// Containers start together, and Postgres takes its time when it makes its cluster.
async fn wait_for(direct_url: &str) -> Result<()> {
    let answer = tokio::time::timeout(PATIENCE, async {
        loop {
            match connect(direct_url).await {
                Ok(_) => return Ok(()),
                // It answers, and says no: waiting won't change that.
                Err(error) if error.downcast_ref::<sqlx::Error>().is_some_and(refused) => return Err(error),
                Err(_) => tokio::time::sleep(ROUND).await,
            }
        }
    });
    answer.await.with_context(|| format!("Postgres doesn't answer within {} s", PATIENCE.as_secs()))?
}

/// Wrong password, no such role, no such database; but not "the database system is starting up".
fn refused(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code.starts_with("28") || code == "3D000")
}

/// Makes the user, owner of everything; whoever is there already is left as they are.
async fn first_user(connection: &mut PgConnection, admin: FirstUser) -> Result<()> {
    let FirstUser { email, password } = admin;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM auth.users WHERE email = $1)")
        .bind(&email)
        .fetch_one(&mut *connection)
        .await?;
    if exists {
        println!("user {email}: there already");
        return Ok(());
    }
    let with_password = password.is_some();
    let hash = match password {
        Some(given) => Some(tokio::task::spawn_blocking(move || password::hash(given.expose())).await??),
        None => None,
    };
    // All or nothing: a user who is there is never given a role later.
    let mut transaction = connection.begin().await?;
    let user = users::save(&mut transaction, &email, None, hash.as_deref()).await?;
    let root = users::client_id(&mut transaction, ROOT_SLUG).await?;
    users::add_member(&mut transaction, root, user, Some("owner")).await?;
    transaction.commit().await?;
    let how = if with_password { "with the given password" } else { "a link sets the password: hg admin reset-link" };
    println!("user {email}: made, {how}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hg_testkit::TestDb;

    fn admin(password: Option<&str>) -> FirstUser {
        FirstUser { email: "ann@example.com".to_owned(), password: password.map(Secret::new) }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_first_user_is_made_once() {
        let db = TestDb::new().await;
        seed::run(db.direct_url(), What::Needed).await.unwrap();
        let mut connection = connect_as_owner(db.direct_url()).await.unwrap();
        let hash = async |connection: &mut PgConnection| -> String {
            sqlx::query_scalar("SELECT password_hash FROM auth.users WHERE email = 'ann@example.com'")
                .fetch_one(connection)
                .await
                .unwrap()
        };
        first_user(&mut connection, admin(Some("correct horse battery"))).await.unwrap();
        let first = hash(&mut connection).await;
        first_user(&mut connection, admin(Some("another password"))).await.unwrap();
        assert_eq!(hash(&mut connection).await, first);
        let role: String = sqlx::query_scalar(
            "SELECT role::text FROM client_users JOIN clients ON clients.id = client_id WHERE slug = $1",
        )
        .bind(ROOT_SLUG)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(role, "owner");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let pairs = [("HG_ADMIN_EMAIL", "ann"), ("HG_ADMIN_PASSWORD", "short")];
        let error = Env::from_pairs("setup", pairs).load::<Settings>().err().unwrap().to_string();
        for name in ["HG_APP_PASSWORD", "HG_ADMIN_EMAIL", "HG_ADMIN_PASSWORD"] {
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn production_is_not_for_trying_things_out() {
        let read = |environment, sample, email| {
            let pairs = [
                ("ENVIRONMENT", environment),
                ("HG_APP_PASSWORD", "p"),
                ("HG_SAMPLE_DATA", sample),
                ("HG_ADMIN_EMAIL", email),
            ];
            Env::from_pairs("setup", pairs).load::<Settings>().map(drop).map_err(|error| error.to_string())
        };
        assert!(read("development", "true", DEVELOPER).is_ok());
        assert!(read("production", "false", "ann@example.com").is_ok());
        assert!(read("production", "true", "ann@example.com").unwrap_err().contains("HG_SAMPLE_DATA"));
        assert!(read("production", "false", "Dev@HGContent.com").unwrap_err().contains("HG_ADMIN_EMAIL"));
    }
}
