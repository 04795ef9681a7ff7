//! `hg setup secrets`: one folder per reader, one file per secret, named as the variable that the reader takes it by
//! (`auth_secret` for `AUTH_SECRET_FILE`). A container mounts its own folder and sees nobody else's secrets.
//!
//! What is given by variable is taken, what was there the last time is kept, the rest is made. It prints no value.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use hg_common::audit::AuditKeys;
use hg_common::auth::InternalVerifier;
use hg_common::auth::Service;
use hg_common::config::Env;
use hg_common::crypto::Keyring;
use hg_stack::random_password;

use crate::cli::SetupSecrets;
use crate::kept::{self, Kept, SigningKeys};

/// The folder of the set-up itself, with everything it has made.
const OWN: &str = "setup";
const DATABASE: &str = "hg_content";

/// Everything from which the files are made.
struct Values {
    postgres_password: String,
    app_password: String,
    auth_secret: String,
    secrets_keys: String,
    audit_keys: String,
    keys: SigningKeys,
}

/// The command.
pub(super) fn write(options: &SetupSecrets) -> Result<()> {
    let own = options.dir.join(OWN);
    fs::create_dir_all(&own).with_context(|| format!("cannot make {}", own.display()))?;
    let mut kept = Kept::load(&own.join("kept.env"))?;
    let values = decide(&mut Env::from_process("hg setup secrets"), &mut kept)?;
    kept.save()?;
    for Folder { reader, mode, files } in folders(options, &values) {
        let folder = options.dir.join(reader);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, text) in &files {
            put(&folder.join(name), text, mode)?;
        }
        println!("{}: {}", folder.display(), files.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

/// Given, kept, or new, for each.
fn decide(env: &mut Env, kept: &mut Kept) -> Result<Values> {
    let mut value = |name: &'static str, check: fn(&str) -> Result<(), String>, make: fn() -> String| {
        let given = env.optional::<String>(name).secret().read_with(|text| check(text).map(|()| text.to_owned()));
        if let Some(given) = given {
            kept.put(name, given);
        }
        kept.make(name, make).to_owned()
    };
    let postgres_password = value("POSTGRES_PASSWORD", plain, random_password);
    let app_password = value("HG_APP_PASSWORD", plain, random_password);
    let auth_secret = value("AUTH_SECRET", long, kept::session_secret);
    let secrets_keys = value("SECRETS_KEYS", keyring, kept::sealing_key);
    let audit_keys = value("AUDIT_KEYS", audit_keyring, kept::sealing_key);
    let gateway_seed = value("GATEWAY_SIGNING_SEED", seed, kept::seed);
    let cpm_seed = value("CPM_SIGNING_SEED", seed, kept::seed);
    env.finish()?;
    let keys = SigningKeys::from_seeds(1, &gateway_seed, &cpm_seed)?;
    Ok(Values { postgres_password, app_password, auth_secret, secrets_keys, audit_keys, keys })
}

/// Passwords stand in URLs and in PgBouncer's list of users, which quote differently: nothing to quote, then.
fn plain(text: &str) -> Result<(), String> {
    let fits = text.len() >= 12 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    if fits { Ok(()) } else { Err("expected at least 12 letters, digits, or any of - . _ ~".to_owned()) }
}

fn long(text: &str) -> Result<(), String> {
    if text.len() >= 32 { Ok(()) } else { Err("expected at least 32 characters".to_owned()) }
}

fn keyring(text: &str) -> Result<(), String> {
    text.parse::<Keyring>().map(drop).map_err(|error| error.to_string())
}

fn audit_keyring(text: &str) -> Result<(), String> {
    text.parse::<AuditKeys>().map(drop).map_err(|error| error.to_string())
}

fn seed(text: &str) -> Result<(), String> {
    let keys = SigningKeys::from_seeds(1, text, text).map_err(|error| format!("{error:#}"))?;
    InternalVerifier::new(Service::Cpm, &keys.public).map(drop).map_err(|error| error.to_string())
}

/// One folder, and what it holds.
struct Folder {
    reader: &'static str,
    mode: u32,
    files: Vec<(&'static str, String)>,
}

/// Who reads what. Postgres and PgBouncer have users of their own: in their folders, which only they mount, anybody may
/// read; the rest belongs to the user that all our images run as.
fn folders(options: &SetupSecrets, values: &Values) -> Vec<Folder> {
    const EVERYBODY: u32 = 0o444;
    const OWNER: u32 = 0o400;
    let Values { postgres_password, app_password, auth_secret, secrets_keys, audit_keys, keys } = values;
    let SetupSecrets { postgres, pooler, .. } = options;
    let database_url = format!("postgresql://hg_content_app:{app_password}@{pooler}/{DATABASE}");
    let migration_url = format!("postgresql://postgres:{postgres_password}@{postgres}/{DATABASE}");
    let users = format!("\"hg_content_app\" \"{app_password}\"\n");
    let url = ("database_url", database_url.as_str());
    let public = ("internal_public_keys", keys.public.as_str());
    let folder = |reader, mode, files: &[(&'static str, &str)]| Folder {
        reader,
        mode,
        files: files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(),
    };
    vec![
        folder("database", EVERYBODY, &[("postgres_password", postgres_password)]),
        folder("pooler", EVERYBODY, &[("userlist.txt", &users)]),
        folder("frontend", OWNER, &[url, ("auth_secret", auth_secret), ("internal_signing_key", &keys.gateway)]),
        folder("cpm", OWNER, &[url, ("secrets_keys", secrets_keys), ("internal_signing_key", &keys.cpm), public]),
        folder("im", OWNER, &[url, public]),
        folder("smm", OWNER, &[url, ("audit_keys", audit_keys), public]),
        // The set-up's own also holds what the operators' command needs.
        folder(
            OWN,
            OWNER,
            &[
                ("migration_database_url", &migration_url),
                ("hg_app_password", app_password),
                ("audit_keys", audit_keys),
            ],
        ),
    ]
}

/// Replaces a file as a whole, where its text or mode is another.
fn put(path: &Path, text: &str, mode: u32) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let same = fs::read_to_string(path).is_ok_and(|old| old == text)
        && fs::metadata(path).is_ok_and(|old| old.permissions().mode() & 0o777 == mode);
    if same {
        return Ok(());
    }
    hg_stack::write_private(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [(&str, &str); 0] = [];

    fn options(dir: &Path) -> SetupSecrets {
        SetupSecrets { dir: dir.to_owned(), postgres: "pg:5432".into(), pooler: "pool:6543".into() }
    }

    fn kept(dir: &Path) -> Kept {
        Kept::load(&dir.join("kept.env")).unwrap()
    }

    #[test]
    fn what_is_given_wins_over_what_was_kept_and_that_over_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = kept(folder.path());
        let made = decide(&mut Env::from_pairs("setup", NOTHING), &mut first).unwrap();
        first.save().unwrap();

        let mut second = kept(folder.path());
        let given = [("POSTGRES_PASSWORD", "an-other-password")];
        let again = decide(&mut Env::from_pairs("setup", given), &mut second).unwrap();
        second.save().unwrap();
        assert_eq!(again.postgres_password, "an-other-password");
        assert_eq!((again.auth_secret, again.keys.public), (made.auth_secret, made.keys.public));

        let third = decide(&mut Env::from_pairs("setup", NOTHING), &mut kept(folder.path())).unwrap();
        assert_eq!(third.postgres_password, "an-other-password");
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once_and_no_value_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let given = [
            ("POSTGRES_PASSWORD", "p@ssword/with:signs"),
            ("AUTH_SECRET", "hunter2"),
            ("CPM_SIGNING_SEED", "c2hvcnQ="),
            ("SECRETS_KEYS", "k1:c2hvcnQ="),
            ("AUDIT_KEYS", "k1:c2hvcnR1"),
        ];
        let error = decide(&mut Env::from_pairs("setup", given), &mut kept(folder.path())).err().unwrap().to_string();
        for (name, value) in given {
            assert!(error.contains(name) && !error.contains(value), "{name}: {error}");
        }
    }

    #[test]
    fn each_reader_has_its_own_folder_and_only_its_own_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let values = decide(&mut Env::from_pairs("setup", NOTHING), &mut kept(folder.path())).unwrap();
        let folders = folders(&options(folder.path()), &values);
        let of = |reader: &str| folders.iter().find(|folder| folder.reader == reader).unwrap();
        let holds = |reader: &str, secret: &str| of(reader).files.iter().any(|(_, text)| text.contains(secret));
        for (secret, readers) in [
            (&values.postgres_password, ["database", "setup"].as_slice()),
            (&values.auth_secret, &["frontend"]),
            (&values.secrets_keys, &["cpm"]),
            (&values.audit_keys, &["smm", "setup"]),
            (&values.keys.gateway, &["frontend"]),
            (&values.keys.cpm, &["cpm"]),
            (&values.app_password, &["pooler", "frontend", "cpm", "im", "smm", "setup"]),
        ] {
            for Folder { reader, .. } in &folders {
                assert_eq!(holds(reader, secret), readers.contains(reader), "{reader}");
            }
        }
        let url = &of("im").files[0].1;
        assert!(url.ends_with("@pool:6543/hg_content"), "{url}");
    }

    #[test]
    fn files_are_replaced_although_nobody_may_write_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth_secret");
        for text in ["one", "two", "two"] {
            put(&path, text, 0o400).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        }
    }
}
