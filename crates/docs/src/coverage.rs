//! Which routes the guides must show: what a trusted service may ask of content production by a command that can be copied, what a
//! person's program may ask of the gateway at least by name. And no command may ask for a route that isn't there.

use hg_common::http::{Access, Route, RouteTable};
use http::Method;

use crate::mentions::{Mention, Owner, Shown};

/// A route that no guide need show, and why.
struct LeftOut {
    owner: Owner,
    method: Method,
    path: &'static str,
    #[expect(dead_code, reason = "for whoever reads the list")]
    why: &'static str,
}

const PEOPLE: &str = "for people, who ask the gateway; an API key gets 403";

const LEFT_OUT: [LeftOut; 3] = [
    LeftOut { owner: Owner::Cpm, method: Method::PUT, path: "/clients/{client}/budget", why: PEOPLE },
    LeftOut { owner: Owner::Cpm, method: Method::PUT, path: "/clients/{client}/budget/cap", why: PEOPLE },
    LeftOut {
        owner: Owner::Gateway,
        method: Method::GET,
        path: "/api/health",
        why: "the gateway's /health under the name that older probes ask for",
    },
];

/// What the guides don't show, or show although it isn't there: a line each.
pub(crate) fn faults(mentions: &[Mention], cpm: &RouteTable, gateway: &RouteTable) -> Vec<String> {
    let mut faults = Vec::new();
    for (owner, table) in [(Owner::Cpm, cpm), (Owner::Gateway, gateway)] {
        for route in table.routes().iter().filter(|route| is_for_programs(owner, route.access, &route.path)) {
            let shown = mentions.iter().filter(|mention| asks_for(mention, owner, route, table));
            let enough = match owner {
                Owner::Cpm => shown.filter(|mention| mention.shown == Shown::Curl).count(),
                Owner::Gateway => shown.count(),
            };
            let left_out =
                LEFT_OUT.iter().any(|one| one.owner == owner && one.method == route.method && one.path == route.path);
            if enough == 0 && !left_out {
                faults.push(format!("{} is not shown{}", name(owner, &route.method, &route.path), wanted(owner)));
            }
        }
        for one in LEFT_OUT.iter().filter(|one| one.owner == owner) {
            if table.access(&one.method, one.path).is_none() {
                faults.push(format!("{} is left out, and isn't there", name(owner, &one.method, one.path)));
            }
        }
        for mention in mentions.iter().filter(|mention| mention.owner == owner && mention.shown == Shown::Curl) {
            if !table.routes().iter().any(|route| mention.is(owner, &route.method, &route.path)) {
                let Mention { page, line, method, segments, .. } = mention;
                let method = method.clone().unwrap_or_default();
                let path = format!("/{}", segments.join("/"));
                faults.push(format!("{page}:{line} shows {}, which isn't there", name(owner, &method, &path)));
            }
        }
    }
    faults
}

/// Whether the route is shown. Of several that fit a command, it is that which needs the fewest parameters, as for a router.
fn asks_for(mention: &Mention, owner: Owner, route: &Route, table: &RouteTable) -> bool {
    let fits = |route: &Route| mention.is(owner, &route.method, &route.path);
    let closer = |other: &Route| fits(other) && parameters(&other.path) < parameters(&route.path);
    fits(route) && (mention.shown == Shown::Named || !table.routes().iter().any(closer))
}

fn parameters(path: &str) -> usize {
    path.split('/').filter(|part| part.starts_with('{')).count()
}

/// Pages are for people, and what only our own services may ask is nobody else's.
fn is_for_programs(owner: Owner, access: Access, path: &str) -> bool {
    match owner {
        Owner::Cpm => matches!(access, Access::ApiKeyOrInternal | Access::Public),
        Owner::Gateway => path.starts_with("/api/"),
    }
}

fn name(owner: Owner, method: &Method, path: &str) -> String {
    let service = match owner {
        Owner::Cpm => "content production's",
        Owner::Gateway => "the gateway's",
    };
    format!("{service} {method} {path}")
}

const fn wanted(owner: Owner) -> &'static str {
    match owner {
        Owner::Cpm => " by a curl with $CPM",
        Owner::Gateway => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mentions::of_page;

    #[test]
    fn a_command_asks_for_the_closest_route() {
        let table = hg_cpm::route_table();
        let asked = |command: &str| {
            let mentions = of_page("page", &format!("```sh\n{command}\n```\n"));
            let mut paths = Vec::new();
            for route in table.routes() {
                if mentions.iter().any(|mention| asks_for(mention, Owner::Cpm, route, &table)) {
                    paths.push(format!("{} {}", route.method, route.path));
                }
            }
            paths
        };
        assert_eq!(asked("curl $CPM/jobs/overview"), ["GET /jobs/overview"]);
        assert_eq!(asked("curl $CPM/jobs/$ID"), ["GET /jobs/{id}"]);
        assert!(asked("curl $CPM/nowhere/at/all").is_empty());
    }
}
