//! The instructions service's parts of exports and erasures: prompt templates with their versions.

use hg_common::{
    auth::Service,
    data_jobs::{By, Dump, Outcome, PartError, Parts, Work, dump},
};
use hg_types::DataJobKind;

const OF_CLIENT: &[Dump] = &[
    Dump {
        path: "templates.ndjson",
        from: "FROM prompt_templates t WHERE t.client_id = $1",
        key: By::Id("t.id"),
        line: "jsonb_build_object('id', t.id, 'client_id', t.client_id, 'name', t.name, 'content_type', t.content_type,
                 'system_template', t.system_template, 'template', t.template, 'variables', t.variables, 'version', t.version,
                 'is_active', t.is_active, 'is_default', t.is_default, 'created_at', t.created_at, 'updated_at', t.updated_at,
                 'created_by', t.created_by)",
    },
    Dump {
        path: "template_versions.ndjson",
        from: "FROM prompt_template_versions v WHERE v.client_id = $1",
        key: By::Text("v.template_id || '/' || lpad(v.version::text, 10, '0')"),
        line: "jsonb_build_object('template_id', v.template_id, 'version', v.version, 'client_id', v.client_id, 'name', v.name,
                 'system_template', v.system_template, 'template', v.template, 'variables', v.variables, 'note', v.note,
                 'created_at', v.created_at, 'created_by', v.created_by)",
    },
];

/// What a person saved: the texts are their clients'.
const OF_PERSON: &[Dump] = &[Dump {
    path: "templates_saved.ndjson",
    from: "FROM prompt_template_versions v WHERE v.created_by = $1",
    key: By::Text("v.template_id || '/' || lpad(v.version::text, 10, '0')"),
    line: "jsonb_build_object('template_id', v.template_id, 'version', v.version, 'client_id', v.client_id, 'name', v.name,
             'created_at', v.created_at)",
}];

/// This service's parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImParts;

impl Parts for ImParts {
    const SERVICE: Service = Service::Im;

    async fn run(&self, work: &mut Work) -> Result<Outcome, PartError> {
        match (work.kind(), work.step()) {
            (DataJobKind::ClientExport, "templates") => dump(work, OF_CLIENT).await?,
            (DataJobKind::PersonExport, "templates") => dump(work, OF_PERSON).await?,
            (DataJobKind::ClientErasure, "templates") => erase(work).await?,
            (kind, step) => return Err(PartError::Refused(format!("nobody here knows the part {step} of {kind}"))),
        }
        Ok(Outcome::Finished)
    }
}

/// Deletes the templates of clients; their versions go with them.
async fn erase(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    loop {
        let most = work.batch_size();
        let mut batch = work.begin().await?;
        let done = sqlx::query!(
            "DELETE FROM prompt_templates WHERE id IN (SELECT t.id FROM prompt_templates t WHERE t.client_id = ANY ($1) LIMIT $2)",
            &clients,
            most
        )
        .execute(&mut *batch)
        .await?;
        let gone = done.rows_affected();
        batch.save(&"templates", gone, None).await?;
        if gone == 0 {
            return Ok(());
        }
    }
}
