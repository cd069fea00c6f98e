//! `aftertone lamp …`.

use serde_json::{Value, json};

use crate::domain::{LampId, Owner};
use crate::service::audit::Deed;
use crate::service::lamp::new_lamp;
use crate::signal::LampDialog;
use crate::store::Lamp;

use super::super::Failure;
use super::super::cli::LampCommand;
use super::access::audit;
use super::{ACTOR, Session, extension, print, read};

/// Rows of one list.
const MOST: u32 = 10_000;

pub(super) async fn lamp(session: &Session, command: LampCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    match command {
        LampCommand::List(json) => {
            let mut rows = Vec::new();
            for lamp in base.store.all_lamps(MOST).await? {
                let mailbox = base.store.mailbox(lamp.owner.tenant, lamp.owner.mailbox).await?;
                rows.push(row(&lamp, mailbox.extension.as_str()));
            }
            print::rows(json.json, &["id", "mailbox", "to", "expires_at", "told", "told_at", "error"], &rows);
        }
        LampCommand::Add { mailbox, to } => {
            let account = base.accounts.show(tenant.id, &extension(&mailbox)?).await?;
            let domain = session.config.sip.domain.as_deref().unwrap_or("localhost");
            let dialog = LampDialog::unsolicited(&to, &format!("sip:{mailbox}@{domain}"));
            let dialog = dialog.ok_or_else(|| {
                Failure::usage(format!("{to:?} is no SIP URI: write sip:1001@pbx.example.org"))
            })?;
            let dialog =
                serde_json::to_string(&dialog).map_err(|error| Failure::refused(error.to_string()))?;
            let owner = Owner { tenant: tenant.id, mailbox: account.mailbox.id };
            let id = LampId::from_uuid(session.clock.uuid());
            let lamp = new_lamp(id, owner, format!("{mailbox}@{} {to}", tenant.id), dialog);
            let deed = Deed { action: "lamp.added", target: format!("mailbox {mailbox}") };
            let store =
                audit(session, &base).noting(ACTOR, tenant.id, deed, Value::Null, json!({ "to": to }));
            let lamp = store.put_lamp(&Lamp { created_at: session.clock.now(), ..lamp }).await?;
            base.store.refresh_lamps(owner).await?;
            println!("{}: {to} is told about mailbox {mailbox}", lamp.id);
        }
        LampCommand::Remove { id } => {
            let deed = Deed { action: "lamp.removed", target: format!("lamp {id}") };
            let store = audit(session, &base).noting(ACTOR, tenant.id, deed, Value::Null, Value::Null);
            if !store.remove_lamp(read(&id)?).await? {
                return Err(Failure::refused(format!("there is no lamp {id}: see `aftertone lamp list`")));
            }
            println!("{id} is told no more");
        }
    }
    Ok(())
}

fn row(lamp: &Lamp, extension: &str) -> Value {
    let told =
        lamp.told.map(|told| format!("{}/{} ({}/{})", told.new, told.old, told.new_urgent, told.old_urgent));
    let dialog = serde_json::from_str::<LampDialog>(&lamp.dialog).ok();
    json!({
        "id": lamp.id,
        "mailbox": extension,
        "to": dialog.map(|dialog| dialog.target().to_owned()),
        "subscribed": lamp.expires_at.is_some(),
        "expires_at": lamp.expires_at,
        "told": told,
        "told_at": lamp.told_at,
        "error": lamp.last_error,
    })
}
