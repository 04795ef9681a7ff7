//! An entry of the audit log as a line of a file. No cell of the CSV is taken for a formula, whatever somebody has
//! written into a name.

use hg_contracts::smm::{AuditActorKind, AuditEntry};
use serde_json::{Map, Value};

/// The first line of a CSV.
pub const CSV_HEADER: &str = "id,at,client_id,client,actor_kind,actor_id,actor_email,login,address,service,request_id,action,subject_kind,subject_id,before,after,secret,erased,sealed\r\n";

/// Appends an entry as a line of CSV (RFC 4180).
pub fn csv_line(to: &mut String, entry: &AuditEntry) {
    let object = |object: &Option<Map<String, Value>>| object.clone().map(|object| Value::Object(object).to_string());
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let kind = match entry.actor.kind {
        AuditActorKind::Person => "person",
        AuditActorKind::ApiKey => "api_key",
        AuditActorKind::Service => "service",
        AuditActorKind::Database => "database",
    };
    let cells = [
        Some(entry.id.to_string()),
        Some(entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
        id(entry.client_id.map(|id| id.uuid())),
        entry.client_name.clone(),
        Some(kind.to_owned()),
        id(entry.actor.id),
        entry.actor.email.clone(),
        entry.actor.login.clone(),
        entry.address.clone(),
        entry.service.clone(),
        entry.request_id.clone(),
        Some(entry.action.clone()),
        Some(entry.subject_kind.clone()),
        id(entry.subject_id),
        object(&entry.before),
        object(&entry.after),
        Some(entry.secret.join(" ")),
        Some(entry.erased.to_string()),
        Some(entry.sealed.to_string()),
    ];
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            to.push(',');
        }
        push_cell(to, cell.as_deref().unwrap_or_default());
    }
    to.push_str("\r\n");
}

/// Appends an entry as a line of JSON.
pub fn json_line(to: &mut String, entry: &AuditEntry) {
    // An entry is strings, numbers and objects: it can always be written.
    to.push_str(&serde_json::to_string(entry).unwrap_or_default());
    to.push('\n');
}

/// A cell between quotes. What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection).
fn push_cell(to: &mut String, text: &str) {
    to.push('"');
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        to.push('\'');
    }
    to.push_str(&text.replace('"', "\"\""));
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_defused() {
        for (text, wanted) in [
            ("plain", r#""plain""#),
            ("a,b \"c\"\nd", "\"a,b \"\"c\"\"\nd\""),
            ("=1+1", r#""'=1+1""#),
            ("@SUM(A1)", r#""'@SUM(A1)""#),
            ("-2+3", r#""'-2+3""#),
            ("\tx", "\"'\tx\""),
            ("", r#""""#),
        ] {
            let mut cell = String::new();
            push_cell(&mut cell, text);
            assert_eq!(cell, wanted);
        }
    }
}
