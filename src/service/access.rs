//! Who may do what: one table of roles and what they reach, and nothing beside it. Pure.
//!
//! Every handler of the web side asks an [`Actor`]; nothing else decides. That a message is only its owner's is not left
//! to this table alone: the store's queries take the owner as well. Driven by [`crate::http`].

use std::fmt;
use std::str::FromStr;

use crate::domain::{
    Invalid, KeyId, MailboxId, ProfileField, Role, SessionId, TenantId, TenantPolicy, UserId,
};

/// What can be done. The words are the scopes of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// List messages, hear them, see where they went.
    MessagesRead,
    /// Mark, move, delete messages.
    MessagesWrite,
    /// List and hear greetings.
    GreetingsRead,
    /// Upload, choose, switch off greetings.
    GreetingsWrite,
    /// See the settings of a mailbox.
    SettingsRead,
    /// Change the settings of a mailbox: mail, order, zone.
    SettingsWrite,
    /// Search the directory of names.
    Directory,
    /// See users with their numbers.
    UsersRead,
    /// Add, change, invite, reset and remove users.
    UsersWrite,
    /// See and change the 911 caller ID and the 911 address of users.
    Emergency,
    /// Give roles and web access.
    RolesWrite,
    /// See tenants and their settings.
    TenantsRead,
    /// Change the settings of a tenant.
    TenantsWrite,
    /// Add and remove tenants.
    TenantsManage,
    /// Ask what would happen to a call.
    Explain,
    /// See jobs of the outbox, and try them again.
    Jobs,
    /// List, make and revoke keys.
    Keys,
    /// List, make and change webhooks, and see what they were told.
    Webhooks,
    /// Read who changed what.
    Audit,
    /// See which calls run, and what came of the last ones.
    Calls,
    /// See who calls.
    Callers,
    /// End a running call.
    CallsEnd,
    /// See what phones were told of their mailboxes, and tell them again.
    Lamps,
    /// See phones, their owners and what is set of them.
    PhonesRead,
    /// Add, change, give away, restart and remove phones.
    PhonesWrite,
    /// See how the server is: its parts, trunks, tenants.
    System,
}

/// How far it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// The own user and mailbox.
    Own,
    /// The own tenant.
    Tenant,
    /// Every tenant.
    All,
}

use Reach::{All, Nothing, Own, Tenant};

/// The table. Columns: basic, call center agent, supervisor, office manager, tenant admin, operator.
///
/// Messages are their owner's and nobody else's, whatever the role.
pub const TABLE: [(Act, &str, [Reach; 6]); 26] = [
    (Act::MessagesRead, "messages:read", [Own, Own, Own, Own, Own, Own]),
    (Act::MessagesWrite, "messages:write", [Own, Own, Own, Own, Own, Own]),
    (Act::GreetingsRead, "greetings:read", [Own, Own, Own, Tenant, Tenant, All]),
    (Act::GreetingsWrite, "greetings:write", [Own, Own, Own, Tenant, Tenant, All]),
    (Act::SettingsRead, "settings:read", [Own, Own, Own, Tenant, Tenant, All]),
    (Act::SettingsWrite, "settings:write", [Own, Own, Own, Tenant, Tenant, All]),
    (Act::Directory, "directory:read", [Tenant, Tenant, Tenant, Tenant, Tenant, All]),
    (Act::UsersRead, "users:read", [Own, Own, Tenant, Tenant, Tenant, All]),
    (Act::UsersWrite, "users:write", [Nothing, Nothing, Nothing, Tenant, Tenant, All]),
    (Act::Emergency, "users:emergency", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::RolesWrite, "roles:write", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::TenantsRead, "tenants:read", [Nothing, Nothing, Nothing, Tenant, Tenant, All]),
    (Act::TenantsWrite, "tenants:write", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::TenantsManage, "tenants:manage", [Nothing, Nothing, Nothing, Nothing, Nothing, All]),
    (Act::Explain, "explain", [Nothing, Nothing, Nothing, Tenant, Tenant, All]),
    (Act::Jobs, "jobs", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::Keys, "keys", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::Webhooks, "webhooks", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::Audit, "audit:read", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::Calls, "calls:read", [Nothing, Nothing, Tenant, Tenant, Tenant, All]),
    (Act::Callers, "calls:callers", [Nothing, Nothing, Nothing, Nothing, Tenant, All]),
    (Act::CallsEnd, "calls:end", [Nothing, Nothing, Nothing, Nothing, Nothing, All]),
    (Act::Lamps, "lamps", [Nothing, Nothing, Nothing, Tenant, Tenant, All]),
    (Act::PhonesRead, "phones:read", [Nothing, Nothing, Nothing, Tenant, Tenant, All]),
    (Act::PhonesWrite, "phones:write", [Nothing, Nothing, Nothing, Tenant, Tenant, All]),
    (Act::System, "system:read", [Nothing, Nothing, Nothing, Nothing, Nothing, All]),
];

impl Act {
    /// The word of the scope.
    pub fn as_str(self) -> &'static str {
        TABLE.iter().find(|(act, ..)| *act == self).map_or("", |(_, word, _)| word)
    }

    /// How far it reaches for a role.
    pub fn reach(self, role: Role) -> Reach {
        let column = Role::ALL.iter().position(|known| *known == role);
        let row = TABLE.iter().find(|(act, ..)| *act == self);
        row.zip(column).and_then(|((.., reach), column)| reach.get(column).copied()).unwrap_or(Nothing)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Act {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        TABLE.iter().find(|(_, word, _)| *word == text).map(|(act, ..)| *act).ok_or_else(|| {
            Invalid::new("scope", text, "`aftertone key scopes` lists them, for example messages:read")
        })
    }
}

/// What an actor came in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// A browser that signed in.
    Session(SessionId),
    /// A program's key that may so much and no more.
    Key(KeyId, Vec<Act>),
    /// The command line of the server's own machine.
    Console,
}

/// Somebody who was let in, and asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Whose world they are in.
    pub tenant: TenantId,
    /// Which user; `None` for a key of the tenant.
    pub user: Option<UserId>,
    /// Their own mailbox.
    pub mailbox: Option<MailboxId>,
    /// What they are. For a key of the tenant it does not count.
    pub role: Role,
    /// The tenant asks for a second factor that is not there: until it is, `role` is a basic user's.
    pub owes_factor: bool,
    /// How they came in.
    pub door: Door,
    /// Who stands in the audit.
    pub name: String,
}

impl Actor {
    /// Whoever has the command line of the server's machine: nobody's user, and above everybody.
    pub fn beside_the_server(tenant: TenantId, name: &str) -> Self {
        Self {
            tenant,
            user: None,
            mailbox: None,
            role: Role::Operator,
            owes_factor: false,
            door: Door::Console,
            name: name.to_owned(),
        }
    }

    /// How far an act reaches for this actor. A key of a tenant reaches the tenant, in what it may; a key of a user reaches
    /// what the user does, and no more than it may.
    pub fn reach(&self, act: Act) -> Reach {
        match (&self.door, self.user) {
            (Door::Session(_), Some(_)) => act.reach(self.role),
            (Door::Session(_), None) => Nothing,
            (Door::Console, _) => act.reach(self.role),
            (Door::Key(_, acts), _) if !acts.contains(&act) => Nothing,
            (Door::Key(..), Some(_)) => act.reach(self.role),
            // What no administrator of a tenant reaches, its keys do not either.
            (Door::Key(..), None) if act.reach(Role::TenantAdmin) == Nothing => Nothing,
            (Door::Key(..), None) => Tenant,
        }
    }

    /// Whether the act may be done to a thing of this tenant: of this mailbox, or (`None`) of the tenant as such.
    pub fn may(&self, act: Act, tenant: TenantId, mailbox: Option<MailboxId>) -> bool {
        match self.reach(act) {
            Nothing => false,
            Own => tenant == self.tenant && mailbox.is_some() && mailbox == self.mailbox,
            Tenant => tenant == self.tenant,
            All => true,
        }
    }

    /// Whether this is the actor: nobody removes themselves, or changes their own role and access.
    pub fn is(&self, user: UserId) -> bool {
        self.user == Some(user)
    }

    /// What the actor counts as beside others: a key of the tenant is as much as its administrators.
    pub fn rank(&self) -> Role {
        if self.user.is_some() || self.door == Door::Console { self.role } else { Role::TenantAdmin }
    }

    /// Whether users may be added (001-03).
    pub fn may_create(&self, policy: &TenantPolicy) -> bool {
        self.reach(Act::UsersWrite) > Own && policy.who_may_create.includes(self.rank())
    }

    /// Whether where rescuers go is there for this actor (002-011).
    pub fn sees_emergency(&self) -> bool {
        self.reach(Act::Emergency) > Own
    }

    /// The fields of profiles that are there for this actor (002-003, 002-011): the others are neither shown nor taken.
    pub fn fields(&self, policy: &TenantPolicy) -> Vec<ProfileField> {
        let is_there = |field: &ProfileField| {
            let is_allowed = !field.is_emergency() || self.sees_emergency();
            is_allowed && (!field.may_be_hidden() || policy.shows(*field))
        };
        ProfileField::ALL.into_iter().filter(is_there).collect()
    }

    /// Whether a role may be given or taken: only by who may give roles, and none above the own.
    pub fn may_give(&self, role: Role) -> bool {
        self.reach(Act::RolesWrite) > Own && role <= self.rank()
    }

    /// Whether a key with these acts may be made for a user of this tenant (`None`: for the tenant). A key may no more than
    /// who makes it, and none opens the messages of others.
    pub fn may_lend(&self, acts: &[Act], tenant: TenantId, user: Option<UserId>) -> bool {
        let is_own = user.is_some() && user == self.user && tenant == self.tenant;
        let least = if is_own { Own } else { Tenant };
        acts.iter().all(|act| self.reach(*act) >= least)
    }

    /// Whether what was taken from somebody, a reset or a removed user, may come back with this role: as if it were given,
    /// unless it is nobody's special one.
    pub fn may_give_back(&self, role: Role) -> bool {
        self.may_give(role) || role == Role::Basic && self.may_change(role)
    }

    /// Whether somebody with this role is not above.
    pub fn stands_over(&self, role: Role) -> bool {
        role <= self.rank()
    }

    /// Whether a user with this role may be changed: nobody changes somebody above.
    pub fn may_change(&self, role: Role) -> bool {
        self.reach(Act::UsersWrite) > Own && self.stands_over(role)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn actor(role: Role, door: Door, user: bool) -> Actor {
        Actor {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            user: user.then(|| UserId::from_uuid(Uuid::from_u128(2))),
            mailbox: user.then(|| MailboxId::from_uuid(Uuid::from_u128(3))),
            role,
            owes_factor: false,
            door,
            name: "somebody".to_owned(),
        }
    }

    fn key(acts: Vec<Act>) -> Door {
        Door::Key(KeyId::from_uuid(Uuid::from_u128(8)), acts)
    }

    fn session() -> Door {
        Door::Session(SessionId::from_uuid(Uuid::from_u128(9)))
    }

    #[test]
    fn every_act_has_one_row_and_one_word() {
        for (act, word, _) in TABLE {
            assert_eq!(word.parse(), Ok(act));
            assert_eq!(TABLE.iter().filter(|(other, ..)| *other == act).count(), 1, "{word}");
        }
        assert!("everything".parse::<Act>().is_err());
    }

    // 002-001
    #[test]
    fn a_higher_role_reaches_no_less() {
        for (act, word, row) in TABLE {
            assert!(row.is_sorted(), "{word}");
            for (role, reach) in Role::ALL.into_iter().zip(row) {
                assert_eq!(act.reach(role), reach, "{word} {role}");
            }
        }
    }

    #[test]
    fn nobody_reaches_the_messages_of_others_by_role() {
        let (other, tenant) =
            (MailboxId::from_uuid(Uuid::from_u128(4)), TenantId::from_uuid(Uuid::from_u128(1)));
        for role in Role::ALL {
            let actor = actor(role, session(), true);
            for act in [Act::MessagesRead, Act::MessagesWrite] {
                assert!(actor.may(act, tenant, actor.mailbox), "{role}");
                assert!(!actor.may(act, tenant, Some(other)), "{role}");
                assert!(!actor.may(act, tenant, None), "{role}");
            }
        }
    }

    #[test]
    fn another_tenant_is_reached_by_the_operator_alone() {
        let elsewhere = TenantId::from_uuid(Uuid::from_u128(77));
        for role in Role::ALL {
            for (act, word, _) in TABLE {
                let allowed = actor(role, session(), true).may(act, elsewhere, None);
                assert!(!allowed || role == Role::Operator, "{role} {word}");
            }
        }
        for (act, word, _) in TABLE {
            assert!(!actor(Role::Basic, key(vec![act]), false).may(act, elsewhere, None), "{word}");
        }
    }

    #[test]
    fn a_key_may_what_it_was_given_and_never_more_than_its_user() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        for (act, word, _) in TABLE {
            let none = actor(Role::Operator, key(Vec::new()), true);
            assert!(!none.may(act, tenant, none.mailbox), "{word}");
            let of_user = actor(Role::Basic, key(vec![act]), true);
            assert_eq!(of_user.reach(act), act.reach(Role::Basic), "{word}");
        }
        let of_tenant = actor(Role::Basic, key(vec![Act::MessagesRead]), false);
        assert!(of_tenant.may(Act::MessagesRead, tenant, Some(MailboxId::from_uuid(Uuid::from_u128(4)))));
        assert!(!of_tenant.may(Act::MessagesWrite, tenant, None));
    }

    #[test]
    fn nobody_gives_or_changes_a_role_above_the_own() {
        let admin = actor(Role::TenantAdmin, session(), true);
        assert!(admin.may_give(Role::TenantAdmin) && !admin.may_give(Role::Operator));
        assert!(!admin.may_change(Role::Operator));
        let manager = actor(Role::OfficeManager, session(), true);
        assert!(!manager.may_give(Role::Basic) && manager.may_change(Role::Basic));
        assert!(!manager.may_change(Role::TenantAdmin));
        assert!(!actor(Role::Basic, session(), true).may_change(Role::Basic));
        // A role that comes back is given, whoever brings it back.
        let writer = actor(Role::Basic, key(vec![Act::UsersWrite]), false);
        for who in [&manager, &writer] {
            assert!(who.may_give_back(Role::Basic) && !who.may_give_back(Role::TenantAdmin));
        }
        assert!(!manager.may_give_back(Role::OfficeManager) && admin.may_give_back(Role::TenantAdmin));
        assert!(
            !admin.may_give_back(Role::Operator)
                && !actor(Role::Basic, session(), true).may_give_back(Role::Basic)
        );
    }

    #[test]
    fn the_command_line_reaches_what_the_operator_does_and_is_nobody() {
        let console = Actor::beside_the_server(TenantId::from_uuid(Uuid::from_u128(1)), "command line");
        for (act, word, _) in TABLE {
            assert_eq!(console.reach(act), act.reach(Role::Operator), "{word}");
        }
        assert!(console.may_change(Role::Operator) && !console.is(UserId::from_uuid(Uuid::from_u128(2))));
    }

    #[test]
    fn only_a_user_is_themselves_a_key_of_the_tenant_is_nobody() {
        let (own, other) = (UserId::from_uuid(Uuid::from_u128(2)), UserId::from_uuid(Uuid::from_u128(3)));
        let acts = key(vec![Act::UsersWrite]);
        for (door, is_user, expected) in
            [(session(), true, true), (acts.clone(), true, true), (acts, false, false)]
        {
            let actor = actor(Role::TenantAdmin, door, is_user);
            assert_eq!((actor.is(own), actor.is(other)), (expected, false), "{actor:?}");
        }
    }
}
