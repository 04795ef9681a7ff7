//! A person in a browser: `browser/walk.mjs` drives Debian's Chromium through the product.

use std::{path::Path, process::Stdio};

use hg_common::auth::Service;
use tokio::process::Command;

use crate::system::{System, SystemOptions};

const EMAIL: &str = "editor@heaviside.example.com";
const ADMIN: &str = "operator@hgcontent.example.com";
const VIEWER: &str = "viewer@heaviside.example.com";
const PASSWORD: &str = "correct horse battery staple";

/// Where Chromium is. A test that was skipped would look like one that passed.
async fn chromium() -> String {
    let found = hg_testkit::chromium().await;
    let found = found.or_else(|| hg_stack::binaries::find_program("chromium").map(|path| path.display().to_string()));
    found.expect("the browser test needs Chromium: apt-get install chromium (cargo hg test does that)")
}

#[tokio::test(flavor = "multi_thread")]
async fn log_in_generate_watch_read_download_log_out() {
    let chromium = chromium().await;
    let options = SystemOptions::new("browser").set(Service::Cpm, "DEFAULT_LLM_PROVIDER", "sample").set(
        Service::Cpm,
        "SAMPLE_DELAY_MS",
        "20",
    );
    let system = System::start(options).await;
    system.user(EMAIL, PASSWORD, "heaviside-digital", "member").await;
    system.user(ADMIN, PASSWORD, "hg-content", "admin").await;
    system.user(VIEWER, PASSWORD, "heaviside-digital", "viewer").await;

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shots = here.join("../../target/screenshots");
    let output = Command::new("node")
        .arg(here.join("browser/walk.mjs"))
        .env("BASE_URL", system.url(Service::Gateway))
        .env("EMAIL", EMAIL)
        .env("PASSWORD", PASSWORD)
        .env("ADMIN_EMAIL", ADMIN)
        .env("VIEWER_EMAIL", VIEWER)
        .env("CHROMIUM", chromium)
        .env("SHOTS", shots)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    let books = system.books().await;
    books.assert_settled();
    assert_eq!(books.completed, 1, "one text was asked for: {books:?}");
}
