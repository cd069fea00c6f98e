//! The two steps that lead a number to a user, and to a port of a phone (003-09).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::User;
use crate::service::access::Act;
use crate::service::numbers::{Assignment, FreePort};
use crate::store::{InventoryNumber, Ringing, StoreError};

use super::super::super::portal::frame::{Done, Frame};
use super::super::super::portal::{missing, trouble};
use super::super::super::shell::render;
use super::super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::super::{Shared, Site};
use super::{Asked, HERE, encoded, otherwise};

#[derive(Template)]
#[template(path = "portal/number_assign.html", config = "src/http/pages/askama.toml")]
struct AssignPage {
    frame: Frame,
    number: String,
    path: String,
    /// Whose it was who lies in the recycle bin.
    of_removed: Option<String>,
    user: String,
    /// The second step: the user is known.
    second: Option<Second>,
}

struct Second {
    name: String,
    label: String,
    extension: String,
    /// What suits the number, and why it is not the last four digits.
    suggestion: Option<(String, String)>,
    /// Value, words, whether it is chosen.
    ports: Vec<(String, String, bool)>,
    appearances: String,
}

pub(in crate::http::admin) async fn steps(
    State(site): Shared,
    visitor: Visitor,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let fields = Fields::default();
    step(&site, &visitor, &number, asked.user.trim(), &fields, asked.done().map(Ok)).await
}

/// One of the two steps; the second as soon as the user is there.
async fn step(
    site: &Site,
    visitor: &Visitor,
    number: &str,
    user: &str,
    fields: &Fields,
    done: Option<Result<Done, String>>,
) -> Response {
    let (numbers, tenant) = (&site.web.services.numbers, visitor.actor.tenant);
    let known = match numbers.show(tenant, number).await {
        Ok(known) => known,
        Err(error) => return otherwise(error).err().map_or_else(missing, |response| *response),
    };
    let user = if user.is_empty() { known.extension.clone().unwrap_or_default() } else { user.to_owned() };
    let mut refused = done;
    let mut second = None;
    if !user.is_empty() {
        match numbers.user(&visitor.actor, tenant, &user).await {
            Ok(person) => match second_step(site, &known, &person, &user, fields).await {
                Ok(step) => second = Some(step),
                Err(error) => return trouble(&error),
            },
            Err(error) => match otherwise(error) {
                Ok(why) => refused = Some(Err(why)),
                Err(response) => return *response,
            },
        }
    }
    let is_refused = matches!(refused, Some(Err(_)));
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let done = refused.map(|done| done.unwrap_or_else(Done::refused));
    let (first, last) = &known.name;
    let page = AssignPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        path: encoded(&known.number),
        of_removed: known.is_of_removed.then(|| format!("{first} {last}").trim().to_owned()),
        number: known.number,
        user,
        second,
    };
    render(&page, status)
}

async fn second_step(
    site: &Site,
    known: &InventoryNumber,
    person: &User,
    user: &str,
    fields: &Fields,
) -> Result<Second, StoreError> {
    let numbers = &site.web.services.numbers;
    let tenant = person.tenant;
    let suggested = numbers.suggestion(tenant, &known.number, person.id).await?;
    let suggestion = suggested.filter(|(extension, _)| extension != user).map(|(extension, taken)| {
        let why = if taken.is_empty() { String::new() } else { format!("{} is taken; ", taken.join(", ")) };
        (extension, why)
    });
    let chosen = fields.get("phone");
    let own = known
        .phone
        .as_ref()
        .map(|(id, name, _, port)| (format!("{id}:{port}"), format!("{name}, port {port} (as it is)")));
    let free = numbers.free_ports(tenant, person.id).await?.into_iter().map(port_row);
    let ports = own.into_iter().chain(free).enumerate().map(|(place, (value, words))| {
        let is_chosen = if chosen.is_empty() { place == 0 } else { value == chosen };
        (value, words, is_chosen)
    });
    let given = |name: &str, usual: &str| {
        let text = fields.get(name);
        if text.is_empty() { usual.to_owned() } else { text.to_owned() }
    };
    Ok(Second {
        name: person.full_name(),
        label: given("label", known.label.as_deref().unwrap_or_default()),
        extension: given("extension", user),
        suggestion,
        ports: ports.collect(),
        appearances: given("appearances", "1"),
    })
}

/// Phones are named by their MAC address first: that is what is printed on them.
fn port_row(free: FreePort) -> (String, String) {
    let handset = &free.handset.handset;
    let mac = handset.mac.as_ref().map(|mac| format!("{mac} · ")).unwrap_or_default();
    let whose = if handset.owner.is_none() { ", nobody’s" } else { "" };
    let words = format!("{mac}{}, port {} ({}{whose})", handset.name, free.port, handset.model.title);
    (format!("{}:{}", handset.id, free.port), words)
}

pub(in crate::http::admin) async fn assign(
    State(site): Shared,
    Path(number): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let (numbers, tenant) = (&site.web.services.numbers, visitor.actor.tenant);
    let user = fields.get("user").to_owned();
    let ringing = match fields.get("phone").split_once(':') {
        Some((handset, port)) => {
            let appearances = fields.get("appearances").trim().parse().unwrap_or(0);
            match (handset.parse(), port.parse()) {
                (Ok(handset), Ok(port)) => Some(Ringing { handset, port, appearances }),
                _ => return missing(),
            }
        }
        None => None,
    };
    let extension = Some(fields.get("extension").to_owned());
    let wish = Assignment { user: user.clone(), label: fields.get("label").to_owned(), ringing, extension };
    match numbers.assign(&visitor.actor, tenant, &number, wish).await.map_err(otherwise) {
        Ok(_) if !fields.is_on("next") => see(&site, &format!("{HERE}?done=assigned")),
        // 003-13
        Ok(known) => match numbers.next_free(tenant, &known.number).await {
            Ok(Some(next)) => see(&site, &format!("{HERE}/{}/assign?done=assigned", encoded(&next))),
            Ok(None) => see(&site, &format!("{HERE}?done=last")),
            Err(error) => trouble(&error),
        },
        Err(Err(response)) => *response,
        Err(Ok(why)) => step(&site, &visitor, &number, user.trim(), &fields, Some(Err(why))).await,
    }
}
