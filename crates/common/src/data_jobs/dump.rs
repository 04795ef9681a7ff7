//! Rows of tables as lines of files, in batches that are bounded by rows and by bytes.
//!
//! What goes into a line is listed, column by column: a new column with a secret in it doesn't slip out.

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use super::work::{PartError, Work};

/// A batch ends with the row that passes this.
const MOST_BYTES: usize = 1024 * 1024;

/// Which rows become which file. All texts are constants of our own code.
#[derive(Clone, Copy, Debug)]
pub struct Dump {
    /// The file: one JSON object per line.
    pub path: &'static str,
    /// `FROM … WHERE …`, with `$1` for the client or the person.
    pub from: &'static str,
    /// By what rows are told apart and ordered.
    pub key: By,
    /// The JSON of a row.
    pub line: &'static str,
}

/// The order of a dump, which tells where its next batch goes on.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// A column with ids; for what may be long.
    Id(&'static str),
    /// A text; for what is short.
    Text(&'static str),
}

impl By {
    /// The key as text, the condition for what follows `$2`, the order.
    fn sql(self) -> (String, String, String) {
        match self {
            Self::Id(column) => (
                format!("{column}::text"),
                format!("{column} > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid"),
                column.to_owned(),
            ),
            Self::Text(text) => {
                (text.to_owned(), format!("({text}) COLLATE \"C\" > $2"), format!("({text}) COLLATE \"C\""))
            }
        }
    }
}

/// Where a dump goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Place {
    file: usize,
    subject: usize,
    after: String,
}

/// Writes these files for everybody whom the job is about.
///
/// # Errors
/// When the database fails or the part is taken away.
pub async fn dump(work: &mut Work, files: &[Dump]) -> Result<(), PartError> {
    let subjects = work.subjects();
    if work.is_fresh() {
        count(work, files, &subjects).await?;
    }
    let mut place: Place = work.place();
    while place.file < files.len() {
        let file = files[place.file];
        let most = work.batch_size();
        let mut batch = work.begin().await?;
        let (mut text, mut rows) = (Vec::new(), 0_u64);
        // Many clients have little: they share a batch.
        while place.subject < subjects.len() && text.len() < MOST_BYTES && rows < most.unsigned_abs() {
            if place.after.is_empty() && !batch.is_still_there(subjects[place.subject]).await? {
                place.subject += 1;
                continue;
            }
            let (key, after, order) = file.key.sql();
            let (line, from) = (file.line, file.from);
            let sql = format!("SELECT {key}, ({line})::text {from} AND {after} ORDER BY {order} LIMIT $3");
            let mut lines = sqlx::query_as::<_, (String, String)>(AssertSqlSafe(sql))
                .bind(subjects[place.subject])
                .bind(place.after.clone())
                .bind(most)
                .fetch(&mut *batch);
            let mut found = 0;
            while let Some((key, line)) = lines.try_next().await? {
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
                place.after = key;
                found += 1;
                if text.len() >= MOST_BYTES {
                    break;
                }
            }
            drop(lines);
            rows += found;
            if found == 0 {
                place.subject += 1;
                place.after.clear();
            }
        }
        batch.append(file.path, &text).await?;
        if place.subject >= subjects.len() {
            place = Place { file: place.file + 1, ..Place::default() };
        }
        batch.save(&place, rows, None).await?;
    }
    Ok(())
}

async fn count(work: &mut Work, files: &[Dump], subjects: &[uuid::Uuid]) -> Result<(), PartError> {
    let mut batch = work.begin().await?;
    let mut total = 0;
    for file in files {
        for subject in subjects {
            let sql = format!("SELECT count(*) {}", file.from);
            total += sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(subject).fetch_one(&mut *batch).await?;
        }
    }
    batch.save(&Place::default(), 0, Some(total)).await
}
