//! The matrix as a table that an operator can read: `target/authorization-matrix.md`.

use std::{collections::BTreeMap, fmt::Write, path::PathBuf};

use super::matrix::{Cell, Matrix, Outcome, UNCHANGED};

/// Writes the table, and returns where.
pub(crate) fn write(matrices: &[Matrix]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/authorization-matrix.md");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text(matrices)).unwrap();
    path
}

/// How many cells there are, in one line per service and one for all.
pub(crate) fn count(matrices: &[Matrix]) -> String {
    let mut lines = String::new();
    let mut total = (0, 0, 0);
    for matrix in matrices {
        let (asked, empty) = (matrix.asked(), matrix.empty());
        total = (total.0 + matrix.routes, total.1 + asked, total.2 + empty);
        writeln!(lines, "{}: {} routes, {asked} cells, {empty} that don't apply; of {} answers to who may, {} show the victim's mark or ids",
            matrix.service, matrix.routes, matrix.shown.0, matrix.shown.1).unwrap();
    }
    writeln!(lines, "all: {} routes, {} cells, {} that don't apply", total.0, total.1, total.2).unwrap();
    lines
}

fn text(matrices: &[Matrix]) -> String {
    let mut reasons: Vec<&'static str> = Vec::new();
    let mut text = "# Authorization matrix\n\nWritten by the test `authorization` of `crates/e2e`. A row per question, a column per caller, the status that they got.\n\
        **Bold** is wrong. A letter says why nothing was asked: see the end. `=`: the database is as it was before all of them asked.\n\n"
        .to_owned();
    text.push_str(&count(matrices).lines().map(|line| format!("- {line}\n")).collect::<String>());
    for matrix in matrices {
        let mut callers: Vec<&'static str> = Vec::new();
        let mut rows: BTreeMap<usize, (String, BTreeMap<&'static str, &Cell>)> = BTreeMap::new();
        for cell in &matrix.cells {
            if !callers.contains(&cell.caller) {
                callers.push(cell.caller);
            }
            let next = rows.len();
            let same =
                rows.last_key_value().filter(|(_, (question, _))| *question == cell.question).map(|(place, _)| *place);
            let row = rows.entry(same.unwrap_or(next)).or_insert_with(|| (cell.question.clone(), BTreeMap::new()));
            row.1.insert(cell.caller, cell);
        }
        write!(text, "\n## {}\n\n| question |", matrix.service).unwrap();
        callers.iter().for_each(|caller| write!(text, " {caller} |").unwrap());
        write!(text, "\n|---|{}\n", "---|".repeat(callers.len())).unwrap();
        for (question, cells) in rows.values() {
            write!(text, "| `{question}` |").unwrap();
            for caller in &callers {
                let shown = cells.get(caller).map_or_else(String::new, |cell| shown(cell, &mut reasons));
                write!(text, " {shown} |").unwrap();
            }
            text.push('\n');
        }
    }
    text.push_str("\n## Why nothing was asked\n\n");
    for (place, reason) in reasons.iter().enumerate() {
        writeln!(text, "- {}: {reason}", letter(place)).unwrap();
    }
    text
}

fn shown(cell: &Cell, reasons: &mut Vec<&'static str>) -> String {
    match &cell.outcome {
        Outcome::Green(_) if cell.caller == UNCHANGED => "=".to_owned(),
        Outcome::Green(status) => status.to_string(),
        Outcome::Red(why) => format!("**{}**", why.replace(['|', '\n'], " ").chars().take(60).collect::<String>()),
        Outcome::Empty(reason) => {
            let place = reasons.iter().position(|each| each == reason).unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            });
            letter(place)
        }
    }
}

fn letter(place: usize) -> String {
    char::from(b'a' + u8::try_from(place).unwrap_or(25)).to_string()
}
