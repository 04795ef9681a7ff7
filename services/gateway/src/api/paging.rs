//! The reference's numbered pages over lists that only know cursors.

use std::future::Future;

use hg_common::http::{ApiError, Page, PageQuery};
use hg_contracts::ClientError;

use super::envelope::{Place, Success};
use crate::peer_error::peer_error;

/// Items that are skipped at once.
const STEP: u32 = 100;
/// Items that are skipped at most: each hundred is a call.
const MAX_SKIPPED: u32 = 2_000;

/// The page that was asked for, in its envelope.
///
/// # Errors
/// 422 for bad parameters and for numbers that lie too far; whatever `fetch` fails with.
pub(super) async fn listed<T, F>(
    query: &PageQuery,
    fetch: impl Fn(Option<String>, u32) -> F,
) -> Result<Success<Vec<T>>, ApiError>
where
    F: Future<Output = Result<Page<T>, ClientError>>,
{
    let (page, place) = page_of(query, fetch).await?;
    Ok(Success::list(page, place))
}

/// The page that was asked for, by cursor or by number.
async fn page_of<T, F>(
    query: &PageQuery,
    fetch: impl Fn(Option<String>, u32) -> F,
) -> Result<(Page<T>, Place), ApiError>
where
    F: Future<Output = Result<Page<T>, ClientError>>,
{
    let request = query.resolve()?;
    let mut cursor = query.cursor.clone().filter(|cursor| !cursor.is_empty());
    let number = request.offset / request.limit + 1;
    let place = Place { page: cursor.is_none().then_some(number), page_size: request.limit };
    if request.offset > MAX_SKIPPED {
        return Err(ApiError::field("page", "is too far: follow next_cursor"));
    }
    let mut skip = request.offset;
    while skip > 0 {
        let step = skip.min(STEP);
        let mut skipped = fetch(cursor, step).await.map_err(peer_error)?;
        cursor = skipped.pagination.next_cursor.take();
        skip -= step;
        if cursor.is_none() {
            // The list ends before the page begins.
            skipped.data.clear();
            skipped.pagination.has_more = false;
            return Ok((skipped, place));
        }
    }
    let page = fetch(cursor, request.limit).await.map_err(peer_error)?;
    Ok((page, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 on; the cursor is the next number.
    async fn numbers(count: u32, cursor: Option<String>, limit: u32) -> Result<Page<u32>, ClientError> {
        let from = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let end = count.min(from + limit);
        let mut page = Page::complete((from..end).collect()).with_total(u64::from(count));
        page.pagination.has_more = end < count;
        page.pagination.next_cursor = (end < count).then(|| end.to_string());
        Ok(page)
    }

    async fn page(count: u32, number: &str, size: &str) -> Result<(Vec<u32>, Option<u32>), ApiError> {
        let query =
            PageQuery { page: Some(number.to_owned()), page_size: Some(size.to_owned()), ..PageQuery::default() };
        let (page, place) = page_of(&query, |cursor, limit| numbers(count, cursor, limit)).await?;
        Ok((page.data, place.page))
    }

    #[tokio::test]
    async fn numbered_pages_are_found_by_cursors() {
        assert_eq!(page(50, "1", "3").await.unwrap(), (vec![0, 1, 2], Some(1)));
        assert_eq!(page(50, "17", "3").await.unwrap(), (vec![48, 49], Some(17)));
        assert_eq!(page(50, "18", "3").await.unwrap(), (vec![], Some(18)));
        assert_eq!(page(500, "5", "90").await.unwrap().0.first(), Some(&360));
        let error = page(50, "1000", "100").await.unwrap_err();
        assert_eq!(error.details()[0].field, "page");
    }
}
