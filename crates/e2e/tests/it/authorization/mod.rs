//! The authorization matrix: every route of all four services, times everybody who might ask.
//!
//! The rows come from the routers as they are built, and from nowhere else. What can't be read off them, such as a right body
//! and who may, is a line in [`probes`]; a route without one fails by its name. Each question is really asked, of the service as it
//! is shipped, on Postgres behind PgBouncer, with the other services behind it where it calls them.
//!
//! | module | is |
//! |---|---|
//! | [`probes`], [`probe`] | the table of routes: objects, body, least role |
//! | [`callers`] | the columns: who asks, and what must come of it |
//! | [`ground`], `plant.sql` | a service, and victims with a mark in each of their texts |
//! | [`matrix`], [`judge`], [`table`] | asking, judging, writing down |
//! | [`canary`] | routes that forget their check: the same code must turn red |
//! | [`rotation`] | internal keys change while people work |

mod callers;
mod canary;
mod ground;
mod judge;
mod matrix;
mod probe;
mod probes;
mod rotation;
mod table;

use hg_common::auth::Service;

use callers::Cast;
use ground::Ground;
use matrix::{Matrix, fill, unmatched};

/// The service's matrix, and what of its routes nobody has described.
async fn matrix_of(ground: Ground) -> (Matrix, Vec<String>) {
    let mut probes = probes::of(ground.service);
    let unmatched = unmatched(&ground.app, &probes);
    // The others are asked all the same: one run tells everything that is wrong.
    probes.retain(|probe| {
        ground.app.table.routes().iter().any(|route| probe.route() == format!("{} {}", route.method, route.path))
    });
    let cast = Cast::gather(&ground).await;
    (fill(&ground, &cast, &ground.app, &probes).await, unmatched)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_what_isnt_theirs() {
    let mut handles = Vec::new();
    for service in Service::ALL {
        // One after the other: starting seven services at once is more than a small machine likes.
        let ground = Ground::start(service).await;
        handles.push(tokio::spawn(matrix_of(ground)));
    }
    let (mut matrices, mut red) = (Vec::new(), Vec::new());
    for handle in handles {
        let (matrix, unmatched) = handle.await.unwrap();
        red.extend(unmatched.into_iter().map(|line| format!("{}: {line}", matrix.service)));
        matrices.push(matrix);
    }
    let path = table::write(&matrices);
    println!("{}{}", table::count(&matrices), path.display());
    red.extend(matrices.iter().flat_map(Matrix::red));
    assert!(red.is_empty(), "{} cells are red: {red:#?}", red.len());
    let asked: usize = matrices.iter().map(Matrix::asked).sum();
    assert!(asked > 5_000, "only {asked} cells");
    for matrix in &matrices {
        let (answers, shown) = matrix.shown;
        assert!(shown * 10 >= answers * 6, "{}: only {shown} of {answers} answers show the mark", matrix.service);
    }
}
