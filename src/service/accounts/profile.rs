//! The profile of a user: fields from text, and login names, which are suggested and are one person's.

use super::{AccountError, Accounts, Result};
use crate::domain::{Invalid, Profile, ProfileField, TenantId, UserId, letters};
use crate::store::Places;

/// A field, and what it should be; the empty text takes it away.
pub type Wished = (ProfileField, String);

/// Suffixes that are tried for a login name.
const TRIES: u32 = 200;

/// Writes the fields into the profile, or says of each what is wrong with it; nothing is changed then.
pub(super) fn apply(profile: &mut Profile, wished: &[Wished]) -> Result<()> {
    let mut changed = profile.clone();
    let set = |(field, text): &Wished| changed.set(*field, text).err();
    let faults: Vec<Invalid> = wished.iter().filter_map(set).collect();
    if !faults.is_empty() {
        return Err(AccountError::Profile(faults));
    }
    *profile = changed;
    Ok(())
}

impl Accounts {
    /// That it is nobody else's is the store's to say; here, that it names no other tenant, and is not the address that somebody
    /// else signs in with.
    pub(super) async fn check_login(
        &self,
        tenant: TenantId,
        own: Option<UserId>,
        profile: &Profile,
    ) -> Result<()> {
        let Some(login) = &profile.login else { return Ok(()) };
        let domain = login.rsplit_once('@').map_or("", |(_, domain)| domain);
        let others = self.store.tenants().await?.into_iter().filter(|other| other.id != tenant);
        let mut worlds = others.flat_map(|other| other.domains.into_iter().chain([other.name]));
        if worlds.any(|world| world == domain) {
            return Err(AccountError::LoginElsewhere(login.clone()));
        }
        if self.is_address_of_others(tenant, own, login).await? {
            return Err(AccountError::LoginTaken(login.clone()));
        }
        Ok(())
    }

    /// Whether it is an e-mail address of somebody else of the tenant, who signs in with it or may come to.
    async fn is_address_of_others(&self, tenant: TenantId, own: Option<UserId>, login: &str) -> Result<bool> {
        let users = self.store.users_of_address(tenant, login).await?;
        Ok(users.iter().any(|user| Some(user.id) != own))
    }

    /// A login name that is free: first initial and last name at the tenant's domain (its name, where it has none), with a
    /// number behind it where that is somebody's (003-01). `None` without a name in letters.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn suggest_login(&self, tenant: TenantId, first: &str, last: &str) -> Result<Option<String>> {
        let local = local_part(first, last);
        let world = self.store.tenant(tenant).await?;
        let domain = world.domains.into_iter().next().unwrap_or(world.name);
        if local.is_empty() {
            return Ok(None);
        }
        for number in 1..=TRIES {
            let suffix = if number == 1 { String::new() } else { number.to_string() };
            let login = format!("{local}{suffix}@{domain}");
            let mut profile = Profile::default();
            if profile.set(ProfileField::Login, &login).is_err() {
                return Ok(None);
            }
            let is_taken = self.store.is_login_taken(tenant, &login).await?;
            if !is_taken && !self.is_address_of_others(tenant, None, &login).await? {
                return Ok(profile.login);
            }
        }
        Ok(None)
    }

    /// Departments and sites that are in use (002-007, 002-008), without those that the tenant hides.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn places(&self, tenant: TenantId) -> Result<Places> {
        let (mut places, policy) = (self.store.places(tenant).await?, self.store.policy(tenant).await?);
        if !policy.shows(ProfileField::Department) {
            places.departments.clear();
        }
        if !policy.shows(ProfileField::Site) {
            places.sites.clear();
        }
        Ok(places)
    }
}

/// `jdoe`: plain letters and digits, so that it can be typed everywhere.
fn local_part(first: &str, last: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().filter_map(|c| letters(c).first()).flat_map(|way| way.chars()).take(40).collect()
    };
    let (first, last) = (plain(first), plain(last));
    let local = if last.is_empty() { first } else { first.chars().take(1).chain(last.chars()).collect() };
    if local.bytes().all(|byte| byte.is_ascii_digit()) { String::new() } else { local }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 003-01
    #[test]
    fn a_login_name_begins_with_first_initial_and_last_name() {
        for (first, last, expected) in [
            ("John", "Doe", "jdoe"),
            ("Łukasz", "O'Brien-Ñandú", "lobriennandu"),
            ("Ada", "", "ada"),
            ("", "Lovelace", "lovelace"),
            ("李", "", ""),
            ("7", "007", ""),
            ("Jürgen", "van der Berg", "jvanderberg"),
        ] {
            assert_eq!(local_part(first, last), expected, "{first} {last}");
        }
    }

    #[test]
    fn of_several_wrong_fields_each_is_named_and_none_is_set() {
        let mut profile = Profile::default();
        let wished = [
            (ProfileField::Department, "Sales".to_owned()),
            (ProfileField::Mobile, "later".to_owned()),
            (ProfileField::AreaCode, "x".to_owned()),
        ];
        let Err(AccountError::Profile(faults)) = apply(&mut profile, &wished) else { panic!("it was taken") };
        assert_eq!(faults.iter().map(|fault| fault.what).collect::<Vec<_>>(), ["mobile", "area_code"]);
        assert_eq!(profile, Profile::default());
    }
}
