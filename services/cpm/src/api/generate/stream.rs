//! `POST /generate` with `stream`: the job's events as the answer of the very request that asked for it.
//!
//! Whatever keeps the job from being accepted is an ordinary error; after that nothing is. Whoever loses the connection goes
//! on at `GET /jobs/{id}/events` with the id of the last event.

use axum::response::{Response, sse};
use hg_common::http::ApiError;

use super::{Asked, answer};
use crate::{
    api::event_stream::event_stream,
    live::{Position, Seat, Watcher},
};

/// Accepts the job and answers with its events, after one that names it.
pub(super) async fn answer_while_it_is_written(asked: &Asked<'_>, seat: Seat) -> Result<Response, ApiError> {
    let state = asked.state;
    let (accepted, watch, beginning) = asked.accept_and_watch().await?;
    // Without an id: there is nothing before the first event that one could go on after.
    let opening = sse::Event::default().event("accepted").json_data(answer(state, accepted, asked.job));
    let watcher = Watcher {
        db: state.db.clone(),
        keys: asked.keys.clone(),
        principal: asked.principal.clone(),
        job: accepted.job_id,
        client: accepted.client_id,
        position: Position::default(),
        shutdown: state.shutdown.clone(),
    };
    Ok(event_stream(watcher.spawn(watch, seat, beginning, opening.ok())))
}
