//! Renders every template with the samples in `templates/samples/`, each one a state of a page or fragment that somebody
//! can get to see. A sample is read into the template's own context type, so it can't drift away from the code.
//!
//! With `HG_PAGES_DIR` set the results are written there, for `node preview/audit.mjs` in `web/`.

use std::{collections::BTreeSet, fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    assets::Assets,
    audit::AuditPage,
    content::{EstimateView, ModelField, NewContentPage, StrategyView},
    costs::CostsPage,
    dashboard::{DashboardPage, RecentJobs},
    data::{DataJobList, DataPage, ErasurePage},
    directory::{ClientFormPage, ClientPage, ClientsPage, DeletePage, MovePage},
    errors::ErrorPage,
    find::FoundClients,
    invitation::InvitationPage,
    job::{JobPage, JobView},
    jobs::{JobList, JobsPage},
    keys::{ConfirmPage, EditKeyPage, KeysPage},
    login::LoginPage,
    people::PeoplePage,
    reset::ResetPage,
    shell::Shell,
    strategies::{ComparePage, HistoryPage, StrategiesPage, StrategyPage},
    templates::{Fragment, Page, Templates},
};

#[derive(Deserialize)]
struct Sample {
    template: String,
    shell: Map<String, Value>,
    #[serde(flatten)]
    context: Map<String, Value>,
}

struct Rendered {
    name: String,
    template: String,
    html: String,
    is_page: bool,
}

fn assets() -> Assets {
    Assets::load().unwrap_or_else(|_| {
        let address = |name: &str| format!("/assets/{name}");
        Assets {
            theme_js: address("theme.js"),
            app_js: address("app.js"),
            sse_js: address("sse.js"),
            app_css: address("app.css"),
            font: address("inter.woff2"),
            favicon: address("favicon.svg"),
        }
    })
}

fn read<T: DeserializeOwned>(name: &str, value: Value) -> T {
    serde_json::from_value(value).unwrap_or_else(|error| panic!("samples/{name}: {error}"))
}

fn shell(name: &str, sample: &Sample) -> Shell {
    let mut shell = sample.shell.clone();
    shell.insert("theme".to_owned(), "system".into());
    shell.insert("csrf_token".to_owned(), "sample-token".into());
    shell.insert("assets".to_owned(), serde_json::to_value(assets()).unwrap());
    read(name, Value::Object(shell))
}

fn page<T: Page + DeserializeOwned>(templates: &Templates, name: &str, sample: &Sample) -> String {
    let context: T = read(name, sample.context["page"].clone());
    templates.page(&shell(name, sample), &context).unwrap_or_else(|error| panic!("samples/{name}: {error:?}"))
}

fn fragment<T: Fragment + DeserializeOwned>(templates: &Templates, name: &str, sample: &Sample) -> String {
    let context: T = read(name, sample.context[T::NAME].clone());
    assert_eq!(T::TEMPLATE, sample.template, "samples/{name} names another template than its context");
    templates.fragment("sample-token", &context).unwrap_or_else(|error| panic!("samples/{name}: {error:?}"))
}

fn render(templates: &Templates, name: &str, sample: &Sample) -> String {
    match sample.template.as_str() {
        "pages/auth/login.html" => page::<LoginPage>(templates, name, sample),
        "pages/auth/reset.html" => page::<ResetPage>(templates, name, sample),
        "pages/errors/signed_in.html" => {
            let mut context: ErrorPage = read(name, sample.context["page"].clone());
            context.framed = true;
            templates.page(&shell(name, sample), &context).unwrap()
        }
        "pages/errors/bare.html" => page::<ErrorPage>(templates, name, sample),
        "pages/dashboard/index.html" => page::<DashboardPage>(templates, name, sample),
        "pages/content/new.html" => page::<NewContentPage>(templates, name, sample),
        "pages/jobs/index.html" => page::<JobsPage>(templates, name, sample),
        "pages/jobs/show.html" => page::<JobPage>(templates, name, sample),
        "pages/auth/invitation.html" => page::<InvitationPage>(templates, name, sample),
        "pages/clients/index.html" => page::<ClientsPage>(templates, name, sample),
        "pages/clients/show.html" => page::<ClientPage>(templates, name, sample),
        "pages/clients/form.html" => page::<ClientFormPage>(templates, name, sample),
        "pages/clients/move.html" => page::<MovePage>(templates, name, sample),
        "pages/clients/delete.html" => page::<DeletePage>(templates, name, sample),
        "pages/people/show.html" => page::<PeoplePage>(templates, name, sample),
        "pages/strategies/index.html" => page::<StrategiesPage>(templates, name, sample),
        "pages/strategies/form.html" => page::<StrategyPage>(templates, name, sample),
        "pages/strategies/history.html" => page::<HistoryPage>(templates, name, sample),
        "pages/strategies/compare.html" => page::<ComparePage>(templates, name, sample),
        "pages/audit/show.html" => page::<AuditPage>(templates, name, sample),
        "pages/keys/show.html" => page::<KeysPage>(templates, name, sample),
        "pages/costs/show.html" => page::<CostsPage>(templates, name, sample),
        "pages/keys/edit.html" => page::<EditKeyPage>(templates, name, sample),
        "pages/keys/confirm.html" => page::<ConfirmPage>(templates, name, sample),
        "pages/data/show.html" => page::<DataPage>(templates, name, sample),
        "pages/data/erasure.html" => page::<ErasurePage>(templates, name, sample),
        DataJobList::TEMPLATE => fragment::<DataJobList>(templates, name, sample),
        FoundClients::TEMPLATE => fragment::<FoundClients>(templates, name, sample),
        RecentJobs::TEMPLATE => fragment::<RecentJobs>(templates, name, sample),
        ModelField::TEMPLATE => fragment::<ModelField>(templates, name, sample),
        EstimateView::TEMPLATE => fragment::<EstimateView>(templates, name, sample),
        StrategyView::TEMPLATE => fragment::<StrategyView>(templates, name, sample),
        JobList::TEMPLATE => fragment::<JobList>(templates, name, sample),
        JobView::TEMPLATE => fragment::<JobView>(templates, name, sample),
        other => panic!("samples/{name}: no context type is known for {other}"),
    }
}

fn rendered() -> Vec<Rendered> {
    let templates = Templates::load().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/samples");
    let mut all: Vec<Rendered> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let sample: Sample = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let html = render(&templates, &name, &sample);
            Rendered { is_page: sample.context.contains_key("page"), name, template: sample.template, html }
        })
        .collect();
    // minijinja also escapes slashes; what is looked for here is easier to read without.
    for it in &mut all {
        it.html = it.html.replace("&#x2f;", "/");
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

#[test]
fn every_page_and_fragment_has_a_sample_that_renders() {
    let rendered = rendered();
    let sampled: BTreeSet<&str> = rendered.iter().map(|it| it.template.as_str()).collect();
    // A page extends a frame; a fragment starts with a comment that says so. What is left is only ever included.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    for name in Templates::load().unwrap().names().iter().filter(|name| name.starts_with("pages/")) {
        let source = fs::read_to_string(folder.join(name)).unwrap();
        if source.contains("{% extends") || source.starts_with("{#- Fragment") {
            assert!(sampled.contains(name.as_str()), "{name} has no sample");
        }
    }
    #[expect(clippy::disallowed_methods, reason = "a switch for people who look at the pages, not configuration")]
    if let Ok(folder) = std::env::var("HG_PAGES_DIR") {
        write(Path::new(&folder), &rendered);
    }
}

#[test]
fn pages_need_nothing_that_the_content_policy_forbids() {
    for Rendered { name, html, .. } in rendered() {
        let lower = html.to_lowercase();
        assert!(!lower.contains(" style="), "{name} has an inline style");
        assert!(!lower.contains("<style"), "{name} has a style element");
        assert!(!lower.contains("javascript:"), "{name} has a javascript: address");
        for script in lower.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(tag.contains("src=\"/assets/"), "{name} has an inline script");
        }
        let handler = lower.split('<').find(|tag| {
            let tag = tag.split('>').next().unwrap_or_default();
            [" onclick=", " onload=", " onsubmit=", " onchange=", " hx-on", " oninput=", " onerror="]
                .iter()
                .any(|name| tag.contains(name))
        });
        assert_eq!(handler, None, "{name} has an inline handler");
    }
}

#[test]
fn ids_are_unique_and_posting_forms_carry_the_token() {
    for Rendered { name, html, is_page, .. } in rendered() {
        let mut ids = BTreeSet::new();
        for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.insert(id), "{name}: the id {id} is used twice");
        }
        for form in html.split("<form").skip(1) {
            let body = form.split("</form").next().unwrap_or_default();
            if body.split('>').next().unwrap_or_default().contains("method=\"post\"") {
                assert!(body.contains(r#"name="_csrf" value="sample-token""#), "{name}: a form without its token");
            }
        }
        if is_page {
            assert_eq!(
                html.matches("<h1").count() - html.matches(r#"<div class="article mx-auto"><h1"#).count(),
                1,
                "{name}"
            );
            assert!(html.contains(r#"<html lang="en""#), "{name}");
        }
    }
}

#[test]
fn what_people_wrote_is_escaped() {
    let templates = Templates::load().unwrap();
    let evil = r#"<script>alert("1")</script>'""#;
    let page = LoginPage { email: evil.to_owned(), next: evil.to_owned(), ..LoginPage::default() };
    let shell = Shell::bare("Sign in", "token".to_owned(), super::shell::Theme::System, assets());
    let html = templates.page(&shell, &page).unwrap();
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("&lt;script&gt;alert(&quot;1&quot;)"));
}

fn write(folder: &Path, pages: &[Rendered]) {
    fs::create_dir_all(folder.join("assets")).unwrap();
    for Rendered { name, html, .. } in pages {
        fs::write(folder.join(format!("{name}.html")), html).unwrap();
    }
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist");
    for entry in fs::read_dir(dist).expect("run `npm run build` in web/ first") {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join("assets").join(path.file_name().unwrap())).unwrap();
    }
}
