//! Databases that are opened, closed, away, of another version, or none at all.

use super::*;

contract! {
    facts_survive_closing_and_opening_again
    a_closed_store_is_away
}

async fn facts_survive_closing_and_opening_again(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.deposited(&home).await;
    bed.store.close().await;
    bed.second.close().await;
    let reopened = Store::open(&bed.url, bed.clock.clone()).await.unwrap();
    reopened.ping().await.unwrap();
    assert_eq!(reopened.message(home.tenant, message.id).await.unwrap(), message);
    reopened.close().await;
}

async fn a_closed_store_is_away(bed: Bed) {
    let home = bed.home("1001").await;
    bed.store.close().await;
    assert!(matches!(bed.store.ping().await, Err(StoreError::Away(_))));
    let message = bed.message(&home);
    assert!(matches!(bed.store.deposit(&message, &[]).await, Err(StoreError::Away(_))));
    // The other node goes on.
    assert_eq!(bed.second.deposit(&message, &[]).await.unwrap(), Deposited::New);
}

#[tokio::test]
async fn a_url_that_names_no_database_is_refused_with_the_remedy() {
    for url in ["", "mysql://x", "sqlite://", "sqlite://:memory:", "aftertone.db", "postgres://[broken"] {
        match Store::open(url, SystemClock::shared()).await {
            Err(StoreError::Refused(why)) => assert!(why.contains("write "), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_url_with_a_password_is_never_repeated() {
    for url in
        ["postgrex://u:hunter2@h/d", "postgres://u:hunter2@h:port/d", "postgres://u:hunter2@127.0.0.1:1/d"]
    {
        let error = Store::open(url, SystemClock::shared()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_away() {
    let error = Store::open("postgres://u@127.0.0.1:1/d", SystemClock::shared()).await.unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drops_its_connections_is_away_at_most_once_each_and_then_serves_again() {
    let Some(server) = postgres_server::Postgres::shared() else { return };
    let bed = Bed::new(server.database().await).await;
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    for _ in 0..20 {
        match bed.store.deposit(&message, &[]).await {
            Ok(_) => {
                assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap(), message);
                return;
            }
            Err(error) => assert!(matches!(error, StoreError::Away(_)), "{error:?}"),
        }
    }
    panic!("the store never came back");
}

#[tokio::test]
async fn a_sqlite_file_that_another_program_holds_is_away_and_then_takes_the_message() {
    let bed = Bed::sqlite().await;
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    let path = bed.url.strip_prefix("sqlite://").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut holder = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
    let away = bed.store.deposit(&message, &[]).await;
    assert!(matches!(away, Err(StoreError::Away(_))), "{away:?}");
    assert!(bed.store.mailbox(home.tenant, home.mailbox.id).await.is_ok(), "reading goes on");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    assert_eq!(bed.store.deposit(&message, &[]).await.unwrap(), Deposited::New);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_with_the_remedy() {
    let bed = Bed::sqlite().await;
    bed.sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 1)",
    )
    .await;
    let error = Store::open(&bed.url, SystemClock::shared()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused(why) if why.contains("newer")), "{error:?}");
}

#[test]
fn both_databases_have_the_same_migrations_and_tables() {
    let tables = |folder: &str| {
        let mut tables = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut table = String::new();
            for line in text.lines() {
                let mut words = line.split_whitespace();
                match (words.next(), words.next(), words.next()) {
                    (Some("CREATE"), Some("TABLE"), Some(name)) => table = name.to_owned(),
                    (Some("CREATE"), Some("INDEX"), Some(name)) => tables.push(format!("index {name}")),
                    (Some("CREATE"), Some("UNIQUE"), Some(_)) => {
                        tables.push(format!("unique {}", words.next().unwrap()));
                    }
                    // What follows may be a trigger or a function, which the databases write in their own ways.
                    (Some(end), _, _) if end.starts_with(')') => table.clear(),
                    (Some(column), Some(_), _)
                        if line.starts_with("    ") && !table.is_empty() && column != "FOREIGN" =>
                    {
                        tables.push(format!("{table}.{column}"));
                    }
                    _ => {}
                }
            }
            tables.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        tables.sort();
        tables
    };
    let root = env!("CARGO_MANIFEST_DIR");
    let mut sqlite = tables(&format!("{root}/migrations/sqlite"));
    // The words of a user may be longer than an index of PostgreSQL takes, which reads them from the rows.
    sqlite.retain(|name| name != "index users_by_words");
    assert!(sqlite.contains(&"messages.sha256".to_owned()), "{sqlite:?}");
    assert_eq!(sqlite, tables(&format!("{root}/migrations/postgres")));
}

#[tokio::test]
async fn the_sqlite_file_is_for_its_owner_only_and_its_folder_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/on the way/facts 100%?.db");
    let store = Store::open(&format!("sqlite://{}", path.display()), SystemClock::shared()).await.unwrap();
    store.default_tenant().await.unwrap();
    for file in ["facts 100%?.db", "facts 100%?.db-wal"] {
        let mode = std::fs::metadata(path.with_file_name(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Ada, this is not a database, it is a letter.".repeat(50)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error =
        Store::open(&format!("sqlite://{}", path.display()), SystemClock::shared()).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("letter.txt") && error.to_string().contains("backup"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let held = folder.path().join("held.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&held).create_if_missing(true);
    let mut holder = sqlx::sqlite::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (a); BEGIN EXCLUSIVE").execute(&mut holder).await.unwrap();
    std::fs::create_dir(folder.path().join("folder.db")).unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for (name, words) in
        [("held.db", "another program"), ("folder.db", "choose another"), ("file/x.db", "choose another")]
    {
        let url = format!("sqlite://{}", folder.path().join(name).display());
        let error = Store::open(&url, SystemClock::shared()).await.unwrap_err();
        assert!(matches!(error, StoreError::Away(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("database.url"), "{text}");
    }
}
