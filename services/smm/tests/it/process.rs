//! The program itself, as containers call it.

use std::process::{Command, Output};

use crate::harness::start;

/// `hg-smm` with these arguments and nothing else in its environment.
async fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hg-smm"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn healthcheck_needs_no_configuration_but_the_address() {
    let mut smm = start().await;
    let port = smm.server.url().rsplit(':').next().unwrap().to_owned();
    let asked = program(&["healthcheck"], &[("PORT", &port)]).await;
    assert!(asked.status.success() && asked.stderr.is_empty(), "{asked:?}");
    // What can't be read is said, and what is running is asked all the same.
    let unreadable = [("PORT", port.as_str()), ("LOG_LEVEL", "loud"), ("DATABASE_URL", "not a url")];
    let asked = program(&["healthcheck"], &unreadable).await;
    assert!(asked.status.success() && String::from_utf8_lossy(&asked.stderr).contains("LOG_LEVEL"), "{asked:?}");
    smm.server.stop().await;
    let asked = program(&["healthcheck"], &[("PORT", &port)]).await;
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");
    assert!(String::from_utf8_lossy(&asked.stderr).contains("does not answer"), "{asked:?}");
}

#[tokio::test]
async fn a_start_without_configuration_names_everything_that_is_missing() {
    let started = program(&[], &[]).await;
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert_eq!(started.status.code(), Some(1), "{said}");
    for name in ["DATABASE_URL", "REDIS_URL", "INTERNAL_PUBLIC_KEYS"] {
        assert!(said.contains(name), "{said}");
    }
    let started = program(&["serve"], &[]).await;
    assert!(String::from_utf8_lossy(&started.stderr).contains("healthcheck"), "{started:?}");
}
