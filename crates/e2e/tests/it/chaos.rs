//! The short form of the fault suite, with this package's debug programs. `cargo hg chaos` is the long one.

use std::path::Path;

use hg_chaos::{Options, Sabotage, Size};
use hg_rig::environment::Programs;

/// Another one than the long form's.
const SEED: u64 = 5;

fn options(name: &str) -> Options {
    Options {
        faults: Vec::new(),
        jobs: None,
        seed: SEED,
        size: Size::Short,
        dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos").join(name),
        programs: Programs {
            smm: env!("CARGO_BIN_EXE_hg-e2e-smm").into(),
            im: env!("CARGO_BIN_EXE_hg-e2e-im").into(),
            cpm: env!("CARGO_BIN_EXE_hg-e2e-cpm").into(),
            gateway: env!("CARGO_BIN_EXE_hg-e2e-gateway").into(),
        },
        sabotage: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_breaks_nothing_is_lost_or_charged_twice() {
    let report = hg_chaos::run(&options("short")).await.unwrap();
    let findings: Vec<String> = report.findings().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// A suite that can't fail proves nothing: three lies in the books of a real run.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lies_in_the_books_are_found() {
    let sabotage = vec![Sabotage::LostJob, Sabotage::SecondCharge, Sabotage::UnknownCall];
    let quick = Options { faults: vec!["flush".into()], jobs: Some(10), sabotage, ..options("lies") };
    let report = hg_chaos::run(&quick).await.unwrap();
    for check in ["lost", "charges", "provider"] {
        assert!(report.findings().any(|finding| finding.check == check && !finding.jobs.is_empty()), "{check}");
    }
}
