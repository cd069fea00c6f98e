//! What is behind one-time links, who gets one, and whom a name means.

use std::collections::HashSet;
use std::net::IpAddr;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Entry, PER_SOURCE, RESETS_PER_ACCOUNT, Result, Signin, SigninError, WINDOW, account, check_password,
    source,
};
use crate::domain::{Extension, JobId, Login, MailAddress, Purpose, Role, SecurityChange, TenantId, User};
use crate::service::security;
use crate::store::{Door, NewJob, Store, StoreError, Work};

/// A name may mean somebody in so many tenants; whoever has more of them signs in as `1001@tenant`.
const MOST_TENANTS: usize = 8;

fn first_address(user: &User) -> Result<MailAddress> {
    user.emails.first().cloned().ok_or(SigninError::NoAddress)
}

impl Signin {
    /// What a one-time link is for, and for whom. Changes nothing: mail scanners follow links.
    ///
    /// # Errors
    /// [`SigninError::NoDoor`].
    pub async fn behind(&self, token: &str) -> Result<(Door, Option<User>)> {
        let door = self.doors.look(token).await?.ok_or(SigninError::NoDoor)?;
        match door.user {
            Some(user) => match self.store.user(door.tenant, user).await {
                Ok(user) => Ok((door, Some(user))),
                Err(StoreError::Missing { .. }) => Err(SigninError::NoDoor),
                Err(error) => Err(error.into()),
            },
            None => Ok((door, None)),
        }
    }

    /// Sets the password that was chosen behind a one-time link, uses the link up, and signs in.
    ///
    /// # Errors
    /// [`SigninError::NoDoor`]; [`SigninError::Password`], [`SigninError::NoAccess`]: then the link still works.
    pub async fn choose_password(
        &self,
        token: &str,
        new: SecretString,
        from: IpAddr,
        user_agent: &str,
    ) -> Result<Entry> {
        let (_, user) = self.behind(token).await?;
        let user = user.ok_or(SigninError::NoDoor)?;
        self.must_have_access(&user).await?;
        check_password(&new, &user)?;
        let hash = self.hashing.hash(new).await.map_err(SigninError::Away)?;
        let door = self.doors.take(token).await?.ok_or(SigninError::NoDoor)?;
        let of = (user.tenant, user.id);
        let store =
            self.by(&user.full_name()).noting("password.chosen", of, Value::Null, Value::Null).await?;
        store.set_password(user.tenant, user.id, &hash, None).await?;
        tracing::info!(user = %user.id, "a password was chosen behind a one-time link");
        // Who was invited has changed nothing yet.
        if door.purpose == Purpose::Reset {
            security::tell(&self.store, &self.clock, &user, SecurityChange::Password).await;
        }
        self.enter(&user, from, user_agent).await
    }

    /// Makes a user who was just added for the setup of a new server its operator, and signs in. The link is used up.
    ///
    /// # Errors
    /// [`SigninError::NoDoor`].
    pub async fn set_up(
        &self,
        token: &str,
        user: &User,
        new: SecretString,
        from: IpAddr,
        user_agent: &str,
    ) -> Result<Entry> {
        let hash = self.hashing.hash(new).await.map_err(SigninError::Away)?;
        self.doors.take(token).await?.filter(|door| door.user.is_none()).ok_or(SigninError::NoDoor)?;
        let login = Login {
            tenant: user.tenant,
            user: user.id,
            role: Role::Operator,
            has_password: true,
            portal: true,
        };
        self.store.put_login(&login).await?;
        let (of, became) = ((user.tenant, user.id), json!({"role": login.role}));
        let store = self.by(&user.full_name()).noting("server.set-up", of, Value::Null, became).await?;
        store.set_password(user.tenant, user.id, &hash, None).await?;
        tracing::info!(user = %user.id, "the server was set up");
        self.enter(user, from, user_agent).await
    }

    /// Mails the user a link to choose a password: an invitation while there is none.
    ///
    /// # Errors
    /// [`SigninError::NoAddress`]; [`SigninError::NoAccess`] of who may not sign in by the web.
    pub async fn invite(&self, user: &User) -> Result<MailAddress> {
        self.must_have_access(user).await?;
        let to = first_address(user)?;
        let of = (user.tenant, user.id);
        let store = self.noting("user.invited", of, Value::Null, json!({ "mailed_to": to })).await?;
        self.mail_link(&store, user, to).await
    }

    /// `store` is the one that the letter goes into.
    async fn mail_link(&self, store: &Store, user: &User, to: MailAddress) -> Result<MailAddress> {
        let login = self.store.login(user.tenant, user.id).await?;
        let purpose = if login.has_password { Purpose::Reset } else { Purpose::Invite };
        // A row must be there for the address to be found at the sign-in.
        self.store.put_login(&login).await?;
        let job = NewJob {
            id: JobId::from_uuid(self.clock.uuid()),
            work: Work::Door { user: user.id, to: to.clone(), purpose },
            due: self.clock.now(),
        };
        store.add_job(user.tenant, &job).await?;
        Ok(to)
    }

    /// That the user may sign in by the web: a link would lead nowhere.
    async fn must_have_access(&self, user: &User) -> Result<()> {
        if self.store.login(user.tenant, user.id).await?.portal { Ok(()) } else { Err(SigninError::NoAccess) }
    }

    /// Somebody forgot the password. Whatever happens, the answer is the same.
    ///
    /// # Errors
    /// [`SigninError::Store`] when the database is away.
    pub async fn forgot(&self, name: &str, from: IpAddr) -> Result<()> {
        let (users, source) = (self.users_named(name).await?, source(from));
        let may_ask = self.store.guess_password(&[(source, PER_SOURCE)], WINDOW).await?;
        for user in users {
            let account = (account("reset", name, Some(&user)), RESETS_PER_ACCOUNT);
            let allowed = may_ask && self.store.guess_password(&[account], WINDOW).await?;
            if !allowed || !self.store.login(user.tenant, user.id).await?.portal {
                continue;
            }
            match self.invite(&user).await {
                Ok(_) | Err(SigninError::NoAddress) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A password that somebody gives to the user (002-024), who is told of it by mail. Every session ends.
    ///
    /// # Errors
    /// [`SigninError::Password`].
    pub async fn give_password(&self, user: &User, new: SecretString) -> Result<()> {
        check_password(&new, user)?;
        let hash = self.hashing.hash(new).await.map_err(SigninError::Away)?;
        let store = self.noting("password.given", (user.tenant, user.id), Value::Null, Value::Null).await?;
        store.set_password(user.tenant, user.id, &hash, None).await?;
        tracing::info!(user = %user.id, "a password was given");
        security::tell(&self.store, &self.clock, user, SecurityChange::Password).await;
        Ok(())
    }

    /// Ends the password and whatever it opened, and mails a link to a new one (002-092); where it goes.
    ///
    /// # Errors
    /// [`SigninError::NoAddress`], [`SigninError::NoAccess`]: then the password stays, or nobody could ever come in.
    pub async fn force_password(&self, user: &User) -> Result<MailAddress> {
        self.must_have_access(user).await?;
        let to = first_address(user)?;
        let of = (user.tenant, user.id);
        let store = self.noting("password.forced", of, Value::Null, json!({ "mailed_to": to })).await?;
        store.forget_password(user.tenant, user.id).await?;
        tracing::info!(user = %user.id, "a new password is to be chosen");
        self.mail_link(&self.store, user, to).await
    }

    /// Whom a name may mean: who has it as a user ID, else whoever share the address; in every tenant. Nobody is kept out
    /// because of what others wrote into their profile or their tenant: the password says who it is.
    pub(super) async fn users_named(&self, name: &str) -> Result<Vec<User>> {
        let name = name.trim();
        if name.len() > 320 {
            return Ok(Vec::new());
        }
        let (number, world) =
            name.split_once('@').map_or((name, None), |(number, world)| (number, Some(world)));
        if let Ok(extension) = number.parse::<Extension>()
            && let Some(tenant) = self.world(world).await?
            && let Some(mailbox) = self.store.mailbox_by_extension(tenant, &extension).await?
            && let Some(user) = mailbox.user
        {
            return Ok(vec![self.store.user(tenant, user).await?]);
        }
        if world.is_none() {
            return Ok(Vec::new());
        }
        // 003-02: a login name looks like an address, and is one person's of the tenant, whoever has such an address there.
        let mut users = self.store.users_by_login(name).await?;
        let named: HashSet<TenantId> = users.iter().map(|user| user.tenant).collect();
        let sharing = self.store.users_by_mail(name).await?;
        users.extend(sharing.into_iter().filter(|user| !named.contains(&user.tenant)));
        // Stable: of a tenant, who was added first stays first.
        users.sort_by_key(|user| user.tenant);
        let tenants = users.chunk_by(|one, two| one.tenant == two.tenant).take(MOST_TENANTS);
        Ok(tenants.flatten().cloned().collect())
    }

    /// The tenant of `1001@world`, a SIP domain or the tenant's name; without a world the only one.
    async fn world(&self, world: Option<&str>) -> Result<Option<TenantId>> {
        if let Some(world) = world
            && let Some(tenant) = self.store.tenant_by_domain(world).await?
        {
            return Ok(Some(tenant.id));
        }
        let tenants = self.store.tenants().await?;
        Ok(match (world, tenants.as_slice()) {
            (None, [only]) => Some(only.id),
            (Some(world), all) => all.iter().find(|tenant| tenant.name == world).map(|tenant| tenant.id),
            (None, _) => None,
        })
    }
}
