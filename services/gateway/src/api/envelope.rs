//! The reference's envelope: `{success, data, error, pagination}`, in snake_case as everything else.

use axum::response::{IntoResponse, Response};
use hg_common::http::{ApiError, ErrorDetail, Json, Page};
use hg_contracts::ClientError;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::peer_error::peer_error;

/// A good answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// Always `true`.
    success: bool,
    /// What was asked for.
    data: T,
    /// Where a list stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
}

impl<T> Success<T> {
    /// One thing.
    pub(super) const fn new(data: T) -> Self {
        Self { success: true, data, pagination: None }
    }

    /// What a service answered, passed on.
    pub(super) fn of(answer: Result<T, ClientError>) -> Result<Self, ApiError> {
        answer.map(Self::new).map_err(peer_error)
    }

    /// What a service has made, passed on.
    pub(super) fn created(answer: Result<T, ClientError>) -> Result<(StatusCode, Self), ApiError> {
        Self::of(answer).map(|made| (StatusCode::CREATED, made))
    }
}

impl<T> Success<Vec<T>> {
    /// A page of a list.
    pub(super) fn list(page: Page<T>, place: Place) -> Self {
        Self { success: true, pagination: Some(Pagination::new(&page, place)), data: page.data }
    }
}

impl<T: Serialize> IntoResponse for Success<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// What there is to say after a deletion: `null`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Nothing;

/// An answer that isn't good.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Always `false`.
    success: bool,
    /// What went wrong.
    error: ErrorDetail,
}

impl Failure {
    /// What went wrong.
    #[must_use]
    pub fn new(error: &ErrorDetail) -> Self {
        Self { success: false, error: error.clone() }
    }
}

/// Which page was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its number, from 1; none where a cursor was given.
    pub(super) page: Option<u32>,
    /// Items per page.
    pub(super) page_size: u32,
}

/// Where a list stands: the reference's numbers, and a cursor, which is quicker and skips nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pagination {
    /// The page's number, from 1; none where a cursor was given.
    page: Option<u32>,
    /// Items per page.
    page_size: u32,
    /// Number of items, up to 10,000; not every list counts.
    total: Option<u64>,
    /// Whether there are more items than `total` says.
    total_capped: bool,
    /// Number of pages, where `total` is known.
    total_pages: Option<u64>,
    /// Whether anything follows.
    has_more: bool,
    /// Give this as `cursor` to get what follows.
    next_cursor: Option<String>,
}

impl Pagination {
    fn new<T>(page: &Page<T>, place: Place) -> Self {
        let info = &page.pagination;
        Self {
            page: place.page,
            page_size: place.page_size,
            total: info.total,
            total_capped: info.total_capped,
            total_pages: info.total.map(|total| total.div_ceil(u64::from(place.page_size.max(1)))),
            has_more: info.has_more,
            next_cursor: info.next_cursor.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn the_shape_is_the_references() {
        let page = Page::complete(vec![1, 2, 3]).with_total(150);
        let list = Success::list(page, Place { page: Some(1), page_size: 20 });
        assert_eq!(
            to_value(list).unwrap(),
            json!({
                "success": true,
                "data": [1, 2, 3],
                "pagination": {
                    "page": 1, "page_size": 20, "total": 150, "total_capped": false, "total_pages": 8,
                    "has_more": false, "next_cursor": null,
                },
            })
        );
        assert_eq!(to_value(Success::new("x")).unwrap(), json!({"success": true, "data": "x"}));
    }
}
