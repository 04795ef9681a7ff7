//! The size of scripts and styles per page, compressed as they go over the wire: what the page's HTML names is fetched.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use http::{StatusCode, header};

use super::pages;
use crate::{
    bench::Bench,
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};
use hg_rig::http::Call;

/// Of a page without an editor.
const KIB: f64 = 60.0;

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let system = bench.system(Provider::INSTANT).await?;
    let cookie = system.sign_in().await?;
    let (job, _) = pages::finished_job(&system).await?;
    let pages = [
        ("login", "/login".to_owned(), ""),
        ("dashboard", "/".to_owned(), cookie.as_str()),
        ("new content", "/content/new".to_owned(), &cookie),
        ("jobs", "/jobs".to_owned(), &cookie),
        ("job", format!("/jobs/{job}"), &cookie),
    ];
    let mut known = BTreeMap::new();
    let mut measures = Vec::new();
    for (name, path, cookie) in pages {
        let html = pages::read(&system, &path, cookie).await?;
        let files = linked(&html);
        anyhow::ensure!(files.iter().any(|file| file.ends_with(".css")), "{path} names no style sheet");
        let mut sum = 0;
        let mut named = Vec::new();
        for file in files {
            let size = match known.get(&file) {
                Some(size) => *size,
                None => {
                    let size = compressed(&system, &file).await?;
                    known.insert(file.clone(), size);
                    size
                }
            };
            sum += size;
            named.push(format!("{} {:.1}", file.trim_start_matches("/assets/"), kib(size)));
        }
        measures.push(
            Measure::new("assets", format!("scripts and styles, {name}"))
                .value(kib(sum), "KiB")
                .target(Target::at_most(Figure::Value, KIB))
                .note(named.join(", ")),
        );
    }
    Ok(measures)
}

fn kib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

async fn compressed(system: &System, path: &str) -> Result<usize> {
    let call = Call::get(path).header("accept-encoding", "gzip");
    let answer = system.server(Service::Gateway).send(&call).await?;
    answer.expect(StatusCode::OK).with_context(|| path.to_owned())?;
    let encoding = answer.headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    // What is tiny is sent as it is.
    anyhow::ensure!(encoding == Some(b"gzip") || answer.body.len() < 200, "{path} isn't compressed");
    Ok(answer.body.len())
}

/// The scripts and style sheets that a page names, each once.
fn linked(html: &str) -> Vec<String> {
    let mut files = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let attribute = if tag.starts_with("script") {
            "src"
        } else if tag.starts_with("link") && tag.contains(r#"rel="stylesheet""#) {
            "href"
        } else {
            continue;
        };
        let value = tag.split_once(&format!(r#"{attribute}=""#)).and_then(|(_, rest)| rest.split('"').next());
        // Templates escape slashes too.
        let file = value.map(|file| file.replace("&#x2f;", "/"));
        if let Some(file) = file
            && !files.contains(&file)
        {
            files.push(file);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_are_found_once_each() {
        let html = r#"<head><link rel="icon" href="/assets/i.svg"><link rel="stylesheet" href="/assets/a.css">
            <script src="&#x2f;assets&#x2f;a.js" defer></script><script src="/assets/a.js"></script><script>1 < 2</script></head>"#;
        assert_eq!(linked(html), ["/assets/a.css", "/assets/a.js"]);
    }
}
