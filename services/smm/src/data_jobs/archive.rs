//! One ZIP of what all services wrote, in bounded memory: chunks are read in their order, deflated, and written as chunks
//! again. An attempt that was killed begins anew: a stream of deflate can't be picked up.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use hg_common::data_jobs::{ARCHIVE, CHUNK, PartError, Subject, Work};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

/// So much is read per batch.
const READ: usize = 4 * CHUNK;

/// What the ZIP was written to and nobody has stored yet.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    /// Takes whole chunks, or all.
    fn take(&self, all: Rest) -> Vec<u8> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = match all {
            Rest::Stays => bytes.len() / CHUNK * CHUNK,
            Rest::Goes => bytes.len(),
        };
        bytes.drain(..whole).collect()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What becomes of bytes that don't fill a chunk.
#[derive(Clone, Copy)]
enum Rest {
    Stays,
    Goes,
}

/// A file of the ZIP, as the manifest names it.
#[derive(Debug, Serialize)]
struct Listed {
    path: String,
    bytes: u64,
    /// Of `.ndjson`: lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    sha256: String,
}

/// A file that is being written.
struct Open {
    path: String,
    bytes: u64,
    lines: u64,
    digest: Sha256,
}

/// The ZIP as far as it is written.
struct Archive {
    zip: ZipWriter<StreamWriter<Sink>>,
    sink: Sink,
    open: Option<Open>,
    files: Vec<Listed>,
    /// Of the stored bytes.
    digest: Sha256,
    stored: u64,
}

impl Archive {
    fn new() -> Self {
        let sink = Sink::default();
        let zip = ZipWriter::new_stream(sink.clone());
        Self { zip, sink, open: None, files: Vec::new(), digest: Sha256::new(), stored: 0 }
    }

    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), PartError> {
        if self.open.as_ref().is_none_or(|open| open.path != path) {
            self.close();
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                // How large a file becomes isn't known when it begins: 20 bytes more, and it may pass 4 GiB.
                .large_file(true);
            self.zip.start_file(path, options).map_err(other)?;
            self.open = Some(Open { path: path.to_owned(), bytes: 0, lines: 0, digest: Sha256::new() });
        }
        self.zip.write_all(bytes).map_err(other)?;
        if let Some(open) = &mut self.open {
            open.bytes += bytes.len() as u64;
            open.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            open.digest.update(bytes);
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.files.push(Listed {
                records: open.path.ends_with(".ndjson").then_some(open.lines),
                path: open.path,
                bytes: open.bytes,
                sha256: hex(&open.digest.finalize()),
            });
        }
    }

    /// Writes the end of the ZIP; nothing can be added any more.
    fn end(&mut self) -> Result<(), PartError> {
        let zip = std::mem::replace(&mut self.zip, ZipWriter::new_stream(Sink::default()));
        zip.finish().map(drop).map_err(other)
    }

    /// What is to be stored now.
    fn ready(&mut self, rest: Rest) -> Vec<u8> {
        let bytes = self.sink.take(rest);
        self.digest.update(&bytes);
        self.stored += bytes.len() as u64;
        bytes
    }
}

/// Where the part stands once the ZIP is whole.
const FINISHED: &str = "finished";

/// Makes the ZIP of a job, and lets go of what it was made from.
pub(super) async fn make(work: &mut Work) -> Result<(), PartError> {
    // Killed before anybody heard of it: what it was made from is gone.
    if work.place::<String>() == FINISHED {
        return Ok(());
    }
    let job = work.job().uuid();
    // Boxed: a deflater is large.
    let mut archive = Box::new(Archive::new());
    let mut batch = work.begin().await?;
    sqlx::query!("DELETE FROM data_export_chunks WHERE job_id = $1 AND path = $2", job, ARCHIVE)
        .execute(&mut *batch)
        .await?;
    let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM data_export_chunks WHERE job_id = $1"#, job)
        .fetch_one(&mut *batch)
        .await?;
    batch.save(&"begun", 0, Some(total)).await?;

    let (mut path, mut seq) = (String::new(), -1);
    loop {
        let mut batch = work.begin().await?;
        let mut read = 0;
        let mut found = Vec::new();
        let mut chunks = sqlx::query!(
            "SELECT path, seq, bytes FROM data_export_chunks
              WHERE job_id = $1 AND (path, seq) > ($2, $3) AND path <> $4 ORDER BY path, seq LIMIT 200",
            job,
            path.as_str(),
            seq,
            ARCHIVE
        )
        .fetch(&mut *batch);
        while let Some(chunk) = chunks.try_next().await? {
            read += chunk.bytes.len();
            found.push((chunk.path, chunk.seq, chunk.bytes));
            if read >= READ {
                break;
            }
        }
        drop(chunks);
        let Some(last) = found.last() else { break };
        (path, seq) = (last.0.clone(), last.1);
        let count = found.len() as u64;
        for (path, _, bytes) in &found {
            archive.add(path, bytes)?;
        }
        batch.append(ARCHIVE, &archive.ready(Rest::Stays)).await?;
        batch.save(&"going on", count, None).await?;
    }
    finish(work, archive).await
}

async fn finish(work: &mut Work, mut archive: Box<Archive>) -> Result<(), PartError> {
    archive.close();
    let mut batch = work.begin().await?;
    let (as_of, there) = (batch.begun_at().await?, batch.clients_still_there().await?);
    drop(batch);
    let manifest = manifest(work, as_of, &there, &archive.files);
    archive.add("manifest.json", &serde_json::to_vec_pretty(&manifest).map_err(other)?)?;
    archive.add("README.txt", readme(work, &archive.files).as_bytes())?;
    archive.close();
    archive.end()?;
    let job = work.job().uuid();
    let mut batch = work.begin().await?;
    let rest = archive.ready(Rest::Goes);
    batch.append(ARCHIVE, &rest).await?;
    sqlx::query!("DELETE FROM data_export_chunks WHERE job_id = $1 AND path <> $2", job, ARCHIVE)
        .execute(&mut *batch)
        .await?;
    sqlx::query!(
        "UPDATE data_jobs SET file_bytes = $2, file_sha256 = $3 WHERE id = $1",
        job,
        i64::try_from(archive.stored).unwrap_or(i64::MAX),
        &archive.digest.finalize()[..]
    )
    .execute(&mut *batch)
    .await?;
    batch.save(&FINISHED, 0, None).await
}

/// The clients are those that stood there when the export began; of one that went away while it ran, what follows is left out.
fn manifest(work: &Work, as_of: Option<DateTime<Utc>>, there: &[Uuid], files: &[Listed]) -> serde_json::Value {
    let subject = match work.subject() {
        Subject::Client(client) => {
            let gone: Vec<&Uuid> = work.clients().iter().filter(|client| !there.contains(client)).collect();
            json!({"client_id": client, "clients": work.clients(), "clients_as_of": as_of, "moved_away": gone})
        }
        Subject::Person(user) => json!({"user_id": user}),
    };
    json!({
        "format": 1, "kind": work.kind(), "job": work.job(), "subject": subject, "requested_by": work.requested_by(),
        "made_at": chrono::Utc::now(), "files": files,
    })
}

fn readme(work: &Work, files: &[Listed]) -> String {
    let (what, left_out) = match work.subject() {
        Subject::Client(client) => (
            format!(
                "Everything that HG Content holds of the client {client} and of {} clients below it.",
                work.clients().len().saturating_sub(1)
            ),
            "Passwords, API keys, provider keys and their hashes are not in it.",
        ),
        Subject::Person(user) => (
            format!("Everything that HG Content holds of the person {user}."),
            "Texts that the person asked for are their clients', and here with id, date and title only. Passwords and hashes are not in it.",
        ),
    };
    let by = work.requested_by().map_or_else(|| "the operator".to_owned(), |user| format!("the person {user}"));
    let mut text = format!(
        "{what}\nMade at {} UTC, asked for by {by}, as data job {}.\n{left_out}\n\n\
         *.ndjson: one JSON object per line. articles/: the texts as Markdown, by client, date and title.\n\
         manifest.json: each file with its length, its number of records and its SHA-256.\n\n",
        chrono::Utc::now().format("%Y-%m-%d %H:%M:%S"),
        work.job(),
    );
    let articles = files.iter().filter(|file| file.path.starts_with("articles/")).count();
    for file in files.iter().filter(|file| !file.path.starts_with("articles/")) {
        text.push_str(&format!("{:>10}  {}\n", file.records.unwrap_or_default(), file.path));
    }
    text.push_str(&format!("{articles:>10}  articles/\n"));
    text
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PartError {
    PartError::Other(error.into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_with_what_is_in_them() {
        let mut archive = Archive::new();
        archive.add("a.ndjson", b"{}\n{}").unwrap();
        archive.add("a.ndjson", b"\n").unwrap();
        archive.add("articles/x/y.md", b"# T\n").unwrap();
        archive.close();
        let listed: Vec<_> = archive.files.iter().map(|file| (file.path.as_str(), file.bytes, file.records)).collect();
        assert_eq!(listed, [("a.ndjson", 6, Some(2)), ("articles/x/y.md", 4, None)]);
        assert_eq!(archive.files[0].sha256, hg_common::crypto::sha256_hex("{}\n{}\n"));
    }
}
