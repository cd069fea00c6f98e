//! `aftertone explain`: what would happen to this call, by the code that decides for real calls.

use crate::service::reception::Reception;
use crate::sip::uri::NameAddr;
use crate::sip::{CallFacts, Party};

use super::super::Failure;
use super::super::cli::ExplainArgs;
use super::messages::time;
use super::{Session, print};

pub(super) async fn run(session: &Session, args: ExplainArgs) -> Result<(), Failure> {
    let (base, _) = session.open().await?;
    let now = args.at.as_deref().map(time).transpose()?.unwrap_or_else(|| session.clock.now());
    let reception = Reception::new(base.store, session.config.rules());
    if let Some(trunk) = args
        .trunk
        .as_deref()
        .filter(|trunk| !session.config.sip.trunks.iter().any(|known| known.name == **trunk))
    {
        return Err(Failure::usage(format!("there is no trunk {trunk:?} in the configuration")));
    }
    let facts = facts(&args)?;
    let verdict = reception.decide(&facts, args.trunk.as_deref(), now).await?;
    let explanation = verdict.explain();
    if args.json.json {
        print::thing(true, &serde_json::to_value(&explanation)?);
    } else {
        println!("{explanation}");
    }
    Ok(())
}

fn facts(args: &ExplainArgs) -> Result<CallFacts, Failure> {
    let party = |text: &str| {
        NameAddr::parse(text).map(|read| Party { name: read.name, uri: read.uri }).map_err(|error| {
            Failure::usage(format!("{text:?} is no address: {error}; write sip:1001@pbx.example.org"))
        })
    };
    let headers = args.header.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
    let to = party(&args.to)?;
    Ok(CallFacts {
        request_uri: to.uri.clone(),
        to,
        from: party(&args.from)?,
        diversion: args.diversion.clone(),
        history_info: args.history_info.clone(),
        headers,
        ..CallFacts::default()
    })
}

/// `Name: value`
pub(super) fn header(text: &str) -> Result<(String, String), Failure> {
    let wrong = || Failure::usage(format!("{text:?} is no header: write it like 'Subject: hello'"));
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let token = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!%*+`'~".contains(&byte));
    if !token || text.chars().any(char::is_control) {
        return Err(wrong());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}
