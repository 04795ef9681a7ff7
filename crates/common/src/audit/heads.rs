//! The ends of the chains, to be kept outside of the database: with them a database that was brought back to an older
//! state is found, too.

use std::{fmt, fmt::Write as _, str::FromStr};

use sqlx::PgConnection;
use uuid::Uuid;

/// One chain's end. As text: chain, length and seal, with spaces between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain: Uuid,
    /// How many entries it has.
    pub length: i64,
    /// The last one's seal.
    pub mac: Vec<u8>,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mac = self.mac.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        write!(f, "{} {} {mac}", self.chain, self.length)
    }
}

/// A line that is no head.
#[derive(Debug, thiserror::Error)]
#[error("expected chain, length and seal, as `hg admin audit heads` prints them")]
pub struct MalformedHead;

impl FromStr for Head {
    type Err = MalformedHead;

    fn from_str(line: &str) -> Result<Self, MalformedHead> {
        let mut parts = line.split_whitespace();
        let (Some(chain), Some(length), Some(mac), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(MalformedHead);
        };
        let bytes =
            (0..mac.len()).step_by(2).map(|at| mac.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()));
        Ok(Self {
            chain: chain.parse().map_err(|_| MalformedHead)?,
            length: length.parse().map_err(|_| MalformedHead)?,
            mac: bytes.collect::<Option<Vec<u8>>>().ok_or(MalformedHead)?,
        })
    }
}

/// Reads what [`Head`] prints, a line each; empty lines and lines that begin with `#` are passed over.
///
/// # Errors
/// The number of the first line that is none.
pub fn parse_heads(text: &str) -> Result<Vec<Head>, (usize, MalformedHead)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| line.parse().map_err(|error| (number, error)))
        .collect()
}

/// The ends of all chains, by chain.
///
/// # Errors
/// When the database can't be reached.
pub async fn heads(db: &mut PgConnection) -> Result<Vec<Head>, sqlx::Error> {
    let rows: Vec<(Uuid, i64, Vec<u8>)> =
        sqlx::query_as("SELECT chain, length, mac FROM audit_chains WHERE length > 0 ORDER BY chain")
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|(chain, length, mac)| Head { chain, length, mac }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_read_as_they_are_printed() {
        let head = Head { chain: Uuid::from_u128(1), length: 7, mac: vec![0, 255, 16] };
        let text = format!("# kept on the 1st\n\n{head}\n");
        assert_eq!(parse_heads(&text).unwrap(), [head]);
        for bad in [
            "x",
            "00000000-0000-0000-0000-000000000001 7",
            "00000000-0000-0000-0000-000000000001 7 0g",
            "00000000-0000-0000-0000-000000000001 7 é0",
        ] {
            assert_eq!(parse_heads(bad).unwrap_err().0, 1, "{bad}");
        }
    }
}
