//! Which tables a look-up reads, and whether each says so when it changes.

use sqlx::PgConnection;

/// Demands that every change of every table that this transaction has read so far leaves a mark under the topic (migration 0029),
/// and that these tables are among them. From the locks that the transaction holds: what a function reads shows, too.
pub async fn assert_reads_are_marked(db: &mut PgConnection, topic: &str, among_them: &[&str]) {
    // INSERT 4, DELETE 8, UPDATE 16, TRUNCATE 32.
    let read: Vec<(String, bool)> = sqlx::query_as(
        r"SELECT n.nspname || '.' || c.relname,
                 coalesce((SELECT bit_or(t.tgtype) & 60 FROM pg_trigger t
                            WHERE t.tgrelid = c.oid AND t.tgfoid = 'app.look_ups_change()'::regprocedure AND t.tgenabled = 'A'
                              AND $1 = ANY (string_to_array(encode(t.tgargs, 'escape'), '\000'))), 0) = 60
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
             AND c.oid IN (SELECT l.relation FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation')
           ORDER BY 1",
    )
    .bind(topic)
    .fetch_all(db)
    .await
    .unwrap();
    for table in among_them {
        assert!(read.iter().any(|(name, _)| name == table), "{table} wasn't read; {read:?} were");
    }
    let forgotten: Vec<_> = read.iter().filter(|(_, is_marked)| !is_marked).map(|(name, _)| name).collect();
    assert!(forgotten.is_empty(), "changes of {forgotten:?} must leave marks under {topic}: a new migration like 0029");
}
