//! Pages of lists: what a caller may ask for, and what a list answers.
//!
//! Keyset first: the cursor is opaque outside. `page` and `page_size` of the reference API are accepted and bounded. It must not know how a
//! list is ordered: that is what the caller puts into the cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ApiError;
use super::field_errors::FieldErrors;
use super::zero::holds_zero;

/// Totals are exact up to here; beyond, they stand for "at least".
pub const MAX_COUNTED: u64 = 10_000;

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;
/// Numbered pages end here: deeper ones would scan what they skip.
const MAX_PAGE: u32 = 1_000;
/// A name of 255 characters, of four bytes each, and an id fit.
const MAX_CURSOR_LENGTH: usize = 2_048;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Where this page stands.
    pub pagination: PageInfo,
}

/// Where a page stands in its list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PageInfo {
    /// Give this as `cursor` to get what follows.
    pub next_cursor: Option<String>,
    /// Whether anything follows.
    pub has_more: bool,
    /// Number of items in the list, up to 10,000; not every list counts.
    pub total: Option<u64>,
    /// Whether there are more items than `total` says.
    pub total_capped: bool,
}

impl<T> Page<T> {
    /// Makes a page of rows that were fetched with [`PageRequest::fetch_limit`]: the surplus row only shows that more follows.
    /// `cursor_of` says where the next page starts, from the last row that is kept.
    ///
    /// # Errors
    /// When the cursor can't be encoded.
    pub fn from_rows<C: Serialize>(
        mut rows: Vec<T>,
        request: &PageRequest,
        cursor_of: impl Fn(&T) -> C,
    ) -> Result<Self, ApiError> {
        let limit = request.limit as usize;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(last) if has_more => Some(encode_cursor(&cursor_of(last))?),
            _ => None,
        };
        Ok(Self { data: rows, pagination: PageInfo { next_cursor, has_more, total: None, total_capped: false } })
    }

    /// A list that is complete on one page.
    #[must_use]
    pub fn complete(data: Vec<T>) -> Self {
        let total = u64::try_from(data.len()).ok();
        Self { data, pagination: PageInfo { next_cursor: None, has_more: false, total, total_capped: false } }
    }

    /// Adds the number of items, as counted up to [`MAX_COUNTED`] + 1.
    #[must_use]
    pub fn with_total(mut self, counted: u64) -> Self {
        self.pagination.total = Some(counted.min(MAX_COUNTED));
        self.pagination.total_capped = counted > MAX_COUNTED;
        self
    }

    /// The same page with other items.
    #[must_use]
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(convert).collect(), pagination: self.pagination }
    }
}

/// What a caller asks of a list. Flatten it into a list's own query type, then [`resolve`](Self::resolve) it: the parameters are
/// text until then, so that a bad one is named even when flattened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Items per page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub limit: Option<String>,
    /// Number of the page, from 1; instead of a cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    pub page: Option<String>,
    /// Another name of `limit`; `pageSize` is understood too.
    #[serde(default, alias = "pageSize", skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub page_size: Option<String>,
}

/// A checked [`PageQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Items per page.
    pub limit: u32,
    /// Items to skip: 0 unless a numbered page was asked for.
    pub offset: u32,
    cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, offset: 0, cursor: None }
    }
}

impl PageQuery {
    /// Checks the parameters.
    ///
    /// # Errors
    /// 422 naming each parameter that is out of its range, or given beside one that it excludes.
    pub fn resolve(&self) -> Result<PageRequest, ApiError> {
        let mut errors = FieldErrors::new();
        let limit = number(&mut errors, "limit", self.limit.as_deref(), MAX_LIMIT);
        let page_size = number(&mut errors, "page_size", self.page_size.as_deref(), MAX_LIMIT);
        let page = number(&mut errors, "page", self.page.as_deref(), MAX_PAGE);
        errors.check(
            self.limit.is_none() || self.page_size.is_none(),
            "page_size",
            "is another name of limit: give one of them",
        );
        errors.check(self.cursor.is_none() || self.page.is_none(), "page", "can't be combined with cursor");
        let cursor = self.cursor.clone().filter(|cursor| !cursor.is_empty());
        if cursor.as_ref().is_some_and(|cursor| cursor.len() > MAX_CURSOR_LENGTH) {
            errors.push("cursor", BAD_CURSOR);
        }
        errors.into_result()?;
        let limit = limit.or(page_size).unwrap_or(DEFAULT_LIMIT);
        let offset = (page.unwrap_or(1) - 1) * limit;
        Ok(PageRequest { limit, offset, cursor })
    }
}

impl PageRequest {
    /// How many rows to fetch: one more than the page shows, to know whether more follows.
    #[must_use]
    pub fn fetch_limit(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// What the cursor holds, if one was given.
    ///
    /// # Errors
    /// 422 on `cursor` when it isn't one of ours.
    pub fn cursor<C: DeserializeOwned>(&self) -> Result<Option<C>, ApiError> {
        self.cursor.as_deref().map(decode_cursor).transpose()
    }
}

fn number(errors: &mut FieldErrors, field: &str, text: Option<&str>, max: u32) -> Option<u32> {
    let text = text?;
    match text.parse::<u32>() {
        Ok(number) if (1..=max).contains(&number) => Some(number),
        _ => {
            errors.push(field, format!("must be a number from 1 to {max}"));
            None
        }
    }
}

const BAD_CURSOR: &str = "is not a cursor of this list: take next_cursor from an answer, unchanged";

/// Makes an opaque cursor. It is encoded, not sealed: put in nothing that the caller may not know.
///
/// # Errors
/// When the position can't be written as JSON.
pub fn encode_cursor<C: Serialize>(position: &C) -> Result<String, ApiError> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(position)?))
}

/// Reads a cursor that [`encode_cursor`] made.
///
/// # Errors
/// 422 on `cursor` when it isn't one of ours.
pub fn decode_cursor<C: DeserializeOwned>(cursor: &str) -> Result<C, ApiError> {
    let bad = || ApiError::field("cursor", BAD_CURSOR);
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|error| bad().with_source(error))?;
    if holds_zero(&bytes) {
        return Err(bad());
    }
    serde_json::from_slice(&bytes).map_err(|error| bad().with_source(error))
}

#[cfg(test)]
mod tests {
    use axum::extract::FromRequestParts;

    use super::*;
    use crate::http::Query;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ListQuery {
        status: Option<String>,
        #[serde(flatten)]
        page: PageQuery,
    }

    async fn list(query: &str) -> Result<(Option<String>, PageRequest), ApiError> {
        let (mut parts, ()) = http::Request::get(format!("/x?{query}")).body(()).unwrap().into_parts();
        let Query(list) = Query::<ListQuery>::from_request_parts(&mut parts, &()).await?;
        Ok((list.status, list.page.resolve()?))
    }

    #[tokio::test]
    async fn parameters_work_flattened_and_bad_ones_are_named() {
        let (status, page) = list("status=failed&pageSize=50&page=3").await.unwrap();
        assert_eq!((status.as_deref(), page.limit, page.offset), (Some("failed"), 50, 100));
        assert_eq!(list("").await.unwrap().1, PageRequest::default());
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("page=0", "page"),
            ("limit=1&page_size=2", "page_size"),
            ("page=2&cursor=abc", "page"),
            ("colour=red", "colour"),
        ] {
            let error = list(query).await.unwrap_err();
            assert_eq!((error.status().as_u16(), error.details()[0].field.as_str()), (422, field), "{query}");
        }
    }

    #[test]
    fn cursors_round_trip_and_strange_ones_are_refused() {
        let text = encode_cursor(&("2026-01-01", 7)).unwrap();
        assert_eq!(decode_cursor::<(String, u32)>(&text).unwrap(), ("2026-01-01".into(), 7));
        let zero = encode_cursor(&("2026\0", 7)).unwrap();
        for bad in ["%%%", "aGVsbG8", &encode_cursor(&"other list").unwrap(), &zero] {
            let error = decode_cursor::<(String, u32)>(bad).unwrap_err();
            assert_eq!((error.status().as_u16(), error.details()[0].field.as_str()), (422, "cursor"));
        }
    }

    #[test]
    fn the_surplus_row_becomes_a_cursor() {
        let request = PageQuery { limit: Some("2".into()), ..PageQuery::default() }.resolve().unwrap();
        assert_eq!(request.fetch_limit(), 3);
        let page = Page::from_rows(vec![1, 2, 3], &request, |row| *row).unwrap().with_total(10_001);
        assert_eq!(page.data, [1, 2]);
        assert_eq!(decode_cursor::<i32>(page.pagination.next_cursor.as_deref().unwrap()).unwrap(), 2);
        assert_eq!((page.pagination.total, page.pagination.total_capped), (Some(10_000), true));
        let last = Page::from_rows(vec![3], &request, |row| *row).unwrap();
        assert!(!last.pagination.has_more && last.pagination.next_cursor.is_none());
    }
}
