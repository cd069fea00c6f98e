//! What went wrong, for programs: RFC 9457 problem details, with the fields that are to be mended.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::{Invalid, ProfileField, TenantPolicy, WhoMayCreate};
use crate::service::accounts::AccountError;
use crate::service::greetings::GreetingError;
use crate::service::keys::KeyError;
use crate::service::login::ChangeFault;
use crate::service::owner::OwnerError;
use crate::service::routing::RoutingError;
use crate::service::signin::SigninError;
use crate::service::tenants::TenantError;
use crate::service::webhooks::WebhookError;
use crate::store::StoreError;

/// A problem; its words may be shown to whoever asked.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// What went wrong, in a word for programs.
    code: Cow<'static, str>,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// A field that is to be mended.
#[derive(Debug, Serialize)]
struct Fault {
    field: Cow<'static, str>,
    code: &'static str,
    detail: String,
}

/// The word for a value that is out of its range or shape.
const INVALID: &str = "invalid";

impl Problem {
    pub(in crate::http) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem");
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code: match status {
                StatusCode::UNPROCESSABLE_ENTITY => INVALID.into(),
                _ => title.to_lowercase().replace([' ', '-'], "_").into(),
            },
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// A field is wrong (422).
    pub(in crate::http) fn field(field: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::coded(field, INVALID, detail)
    }

    /// A field is wrong (422), for a reason that programs tell apart.
    pub(in crate::http) fn coded(
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        let errors = vec![Fault { field: field.into(), code, detail: detail.clone() }];
        Self { errors, code: code.into(), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// The same, of a field.
    fn naming(self, field: &'static str) -> Self {
        let fault = Fault { field: field.into(), code: "taken", detail: self.detail.clone() };
        Self { errors: vec![fault], ..self }
    }

    /// All that is wrong with fields (422); anything else that went wrong comes alone.
    pub(super) fn several(problems: Vec<Self>) -> Self {
        let mut faults = Vec::new();
        for problem in problems {
            if problem.errors.is_empty() {
                return problem;
            }
            faults.extend(problem.errors);
        }
        let detail = faults.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; ");
        Self { errors: faults, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// Several fields are wrong (422).
    fn fields(detail: String, faults: &[Invalid]) -> Self {
        let fault = |fault: &Invalid| Fault {
            field: field(fault.what).into(),
            code: INVALID,
            detail: fault.to_string(),
        };
        let errors = faults.iter().map(fault).collect();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    pub(in crate::http) fn missing(what: &str) -> Self {
        let detail = format!("there is no such {what}, or it is not yours");
        let code = format!("{}_not_found", what.replace([' ', '-'], "_")).into();
        Self { code, ..Self::new(StatusCode::NOT_FOUND, detail) }
    }

    pub(in crate::http) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "your role or key does not reach this: `GET /api/v1/me` says what it reaches",
        )
    }

    /// The setting of the tenant that keeps somebody from adding users.
    pub(in crate::http) fn not_created(policy: &TenantPolicy) -> Self {
        let who = match policy.who_may_create {
            WhoMayCreate::Ticket => "nobody of the tenant adds users",
            WhoMayCreate::TenantAdmin | WhoMayCreate::OfficeManager => "you do not add users here",
        };
        let ask = match &policy.help_link {
            Some(link) => format!("ask at {link}"),
            None => "ask whoever runs the server".to_owned(),
        };
        let setting = policy.who_may_create;
        let detail = format!("{who} (the setting who_may_create is {setting}): {ask}");
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// A field that is not there for whoever asks.
    pub(in crate::http) fn hidden_field(field: ProfileField) -> Self {
        if field.is_emergency() {
            let detail = format!("{field} is changed by whoever may see it: it takes users:emergency");
            return Self::new(StatusCode::FORBIDDEN, detail);
        }
        Self::field(
            field.as_str(),
            format!("{field} is hidden by the policy of the tenant (hidden_fields): leave it out"),
        )
    }

    fn away(error: &dyn std::error::Error) -> Self {
        tracing::warn!(%error, "a request of the API cannot be carried out now");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not possible now: try again in a minute")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            }
            _ => {}
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { what, .. } => Self::missing(what),
            StoreError::Taken { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
            other => Self::away(&other),
        }
    }
}

impl From<OwnerError> for Problem {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::Missing { what } => Self::missing(what),
            OwnerError::Away(_) => Self::away(&error),
            OwnerError::TooOften => Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()),
            OwnerError::Damaged { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            OwnerError::Private | OwnerError::NotAllowed { .. } => {
                Self::new(StatusCode::FORBIDDEN, error.to_string())
            }
            OwnerError::Invalid(why) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, why),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(error: Invalid) -> Self {
        Self::field(field(error.what), error.to_string())
    }
}

/// The field of ours that a value is given in.
fn field(what: &'static str) -> &'static str {
    match what {
        "first name" => "first",
        "last name" => "last",
        "e-mail address" => "emails",
        "mail mode" => "mail",
        "longest message" => "max_message_s",
        "silence" => "silence_s",
        "attachment format" => "attachment",
        "least speech" => "min_speech_ms",
        "greeting kind" => "kind",
        "greeting name" => "label",
        "newcomer" => "known",
        "number of messages" => "max_messages",
        "number of megabytes" => "max_megabytes",
        "audit id" | "job id" => "after",
        "MAC address" => "mac",
        "phone name" => "name",
        "preference group" => "preference_group",
        "port" | "appearances" => "ports",
        "tenant name" => "name",
        "domain" => "domains",
        "scope" => "scopes",
        "expiry" => "expires_at",
        "profile field" => "profile",
        other => other,
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::Invalid(invalid) => invalid.into(),
            AccountError::PinsDiffer => Self::field("pin", detail),
            AccountError::Pin(_) => Self::coded("pin", "pin_refused", detail),
            AccountError::Profile(faults) => Self::fields(detail, &faults),
            AccountError::Several(faults) => Self::several(faults.into_iter().map(Self::from).collect()),
            AccountError::LoginTaken(_) => Self::coded("login", "login_taken", detail),
            AccountError::AddressIsLogin(_) => Self::coded("emails", "address_taken", detail),
            AccountError::LoginElsewhere(_) => Self::field("login", detail),
            AccountError::ExtensionTaken(_) => Self::coded("extension", "extension_taken", detail),
            AccountError::NumberHere(_) => Self::coded("number", "number_here", detail),
            AccountError::NumberTaken(_) => Self::coded("number", "number_taken", detail),
            AccountError::NoNewcomer(_) => Self::coded("known", "user_not_found", detail),
            AccountError::GoneOver(_) => Self::new(StatusCode::CONFLICT, detail),
            AccountError::NoMailbox(_) => Self::missing("mailbox"),
            AccountError::Above | AccountError::RoleBack(_) => Self::new(StatusCode::FORBIDDEN, detail),
            AccountError::NotRemoved => Self::missing("removed user"),
            AccountError::NothingCleared | AccountError::NewerRules => {
                Self::new(StatusCode::CONFLICT, detail)
            }
            AccountError::NothingChosen => Self::field("clear", detail),
            AccountError::Called => Self::new(StatusCode::CONFLICT, detail),
            AccountError::NoGreeting => Self::field("greeting", detail),
            AccountError::NoNumber(_) => Self::missing("number"),
            AccountError::ModeWithoutAddress => Self::field("mail", detail),
            AccountError::AddressTwice(_) | AccountError::TooManyAddresses | AccountError::NoAddress => {
                Self::field("emails", detail)
            }
            AccountError::Hash(_) => Self::away(&error),
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<GreetingError> for Problem {
    fn from(error: GreetingError) -> Self {
        let detail = error.to_string();
        match error {
            GreetingError::TooBig(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            GreetingError::File(_) => Self::field("file", detail),
            GreetingError::Period { .. } => Self::field("until", detail),
            GreetingError::NameTaken(_) => Self::coded("label", "label_taken", detail),
            GreetingError::Store(error) => error.into(),
            other => Self::away(&other),
        }
    }
}

impl From<ChangeFault> for Problem {
    fn from(fault: ChangeFault) -> Self {
        match fault {
            ChangeFault::Pin(_) => Self::field("pin", fault.to_string()),
            ChangeFault::Unavailable(_) => Self::away(&fault),
        }
    }
}

impl From<SigninError> for Problem {
    fn from(error: SigninError) -> Self {
        match error {
            SigninError::NoAddress => Self::field("emails", error.to_string()),
            SigninError::NoAccess => Self::coded("portal", "no_web_access", error.to_string()),
            SigninError::Store(error) => error.into(),
            other => Self::away(&other),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Invalid(invalid) => invalid.into(),
            KeyError::TooMuch => Self::field("scopes", error.to_string()),
            KeyError::TooMany => Self::new(StatusCode::CONFLICT, error.to_string()),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Invalid(invalid) => invalid.into(),
            WebhookError::TooMany => Self::new(StatusCode::CONFLICT, error.to_string()),
            WebhookError::Store(error) => error.into(),
        }
    }
}

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Self {
        let detail = error.to_string();
        match error {
            TenantError::Invalid(invalid) => invalid.into(),
            TenantError::Taken { what, .. } => Self::new(StatusCode::CONFLICT, detail).naming(field(what)),
            TenantError::InUse { .. } => Self::new(StatusCode::CONFLICT, detail),
            TenantError::Unconfirmed(_) => Self::field("name", detail),
            TenantError::Store(error) => error.into(),
        }
    }
}

impl From<RoutingError> for Problem {
    fn from(error: RoutingError) -> Self {
        Self::away(&error)
    }
}
