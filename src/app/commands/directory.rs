//! `aftertone directory …`.

use serde_json::{Value, json};

use crate::domain::spellings;
use crate::service::audit::Deed;
use crate::service::directory::{AudioDirectory, FEWEST_KEYS};
use crate::service::owner::OwnerError;

use super::super::Failure;
use super::super::cli::DirectoryCommand;
use super::access::audit;
use super::{ACTOR, Session, print, read};

pub(super) async fn directory(session: &Session, command: DirectoryCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    match command {
        DirectoryCommand::Find { keys, json } => {
            let keys = spellings(&keys).into_iter().next().unwrap_or_default();
            let found = AudioDirectory::new(base.store.clone()).search(tenant.id, &keys).await;
            let found = found.map_err(|error: OwnerError| Failure::refused(error.to_string()))?;
            if found.more_keys && found.all == 0 {
                return Err(Failure::usage(format!(
                    "it takes {FEWEST_KEYS} keys or letters to find somebody"
                )));
            }
            let rows: Vec<Value> = found
                .matches
                .iter()
                .map(|entry| {
                    let said = entry.spelled.as_deref().unwrap_or("recorded name");
                    json!({"extension": entry.extension, "said": said})
                })
                .collect();
            print::rows(json.json, &["extension", "said"], &rows);
        }
        DirectoryCommand::Set { by, spell } => {
            let before = base.store.directory_settings(tenant.id).await?;
            let mut settings = before;
            if let Some(by) = by {
                settings.by = read(&by)?;
            }
            settings.spell = spell.unwrap_or(settings.spell);
            let deed = Deed { action: "directory.changed", target: "tenant".to_owned() };
            let audit = audit(session, &base);
            let store = audit.noting(ACTOR, tenant.id, deed, json!(before), json!(settings));
            store.set_directory(tenant.id, settings).await?;
            println!("the directory is changed");
        }
    }
    Ok(())
}
