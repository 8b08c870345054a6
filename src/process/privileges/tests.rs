//! The order of giving up rights, against a pretended kernel and, as the superuser, the real.

use super::*;

/// A kernel that writes down what it is asked.
struct Pretended {
    superuser: bool,
    network: bool,
    forgetful: bool,
    refuses: Option<&'static str>,
    asked: Vec<String>,
}

impl Pretended {
    fn superuser() -> Self {
        Self {
            superuser: true,
            network: true,
            forgetful: false,
            refuses: None,
            asked: Vec::new(),
        }
    }

    fn ask(&mut self, call: String) -> io::Result<()> {
        let refused = self.refuses.is_some_and(|name| call.starts_with(name));
        self.asked.push(call);
        if refused || !self.superuser {
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        Ok(())
    }
}

impl Rights for Pretended {
    fn is_superuser(&self) -> bool {
        self.superuser
    }

    fn may_administer_network(&self) -> bool {
        self.network
    }

    fn change_root(&mut self, directory: &Path) -> io::Result<()> {
        self.ask(format!("chroot {}", directory.display()))
    }

    fn drop_supplementary_groups(&mut self) -> io::Result<()> {
        self.ask("setgroups".into())
    }

    fn set_group(&mut self, gid: u32) -> io::Result<()> {
        self.ask(format!("setgid {gid}"))
    }

    fn set_user(&mut self, uid: u32) -> io::Result<()> {
        self.ask(format!("setuid {uid}"))?;
        self.superuser = self.forgetful;
        Ok(())
    }
}

fn identity() -> Identity {
    Identity {
        chroot: Some("/var/empty".into()),
        uid: Some(99),
        gid: Some(88),
        needs_network_rights: false,
    }
}

#[test]
fn groups_go_before_the_user_and_the_way_back_is_tried() {
    let mut rights = Pretended::superuser();
    enter_chroot(&identity(), &mut rights).unwrap();
    assert!(drop_identity(&identity(), &mut rights).unwrap().is_none());
    let expected = [
        "chroot /var/empty",
        "setgroups",
        "setgid 88",
        "setuid 99",
        "setuid 0",
    ];
    assert_eq!(rights.asked, expected);
}

#[test]
fn a_user_that_can_turn_back_is_refused() {
    let mut rights = Pretended::superuser();
    rights.forgetful = true;
    let error = drop_identity(&identity(), &mut rights).unwrap_err();
    assert!(matches!(error, PrivilegeError::Reversible));
}

#[test]
fn each_refusal_is_told() {
    let told = |refuses| {
        let mut rights = Pretended::superuser();
        rights.refuses = Some(refuses);
        let result = enter_chroot(&identity(), &mut rights)
            .and_then(|()| drop_identity(&identity(), &mut rights).map(|_warning| ()));
        result.unwrap_err().to_string()
    };
    let reason = "Operation not permitted.";
    assert_eq!(
        told("chroot"),
        format!("Cannot chroot(/var/empty) : {reason}")
    );
    assert_eq!(told("setgid"), format!("Cannot set gid 88 : {reason}"));
    assert_eq!(told("setuid 99"), format!("Cannot set uid 99 : {reason}"));
}

#[test]
fn kept_groups_are_a_warning_only() {
    let mut rights = Pretended::superuser();
    rights.refuses = Some("setgroups");
    let warning = drop_identity(&identity(), &mut rights).unwrap().unwrap();
    assert!(matches!(warning, PrivilegeWarning::SupplementaryGroups(_)));
    assert_eq!(rights.asked.len(), 4);
}

#[test]
fn nothing_wanted_is_nothing_asked() {
    let mut rights = Pretended::superuser();
    let global = Global {
        uid: Some(0),
        gid: Some(0),
        ..Global::default()
    };
    let identity = Identity::of(&global, false);
    enter_chroot(&identity, &mut rights).unwrap();
    drop_identity(&identity, &mut rights).unwrap();
    assert!(rights.asked.is_empty());
}

#[test]
fn network_rights_and_another_user_exclude_each_other() {
    let with_source = Identity {
        needs_network_rights: true,
        ..identity()
    };
    let rights = Pretended::superuser();
    let error = check(&with_source, &rights).unwrap_err();
    assert!(matches!(error, PrivilegeError::NetworkRightsNeeded));
    assert!(check(&identity(), &rights).unwrap().is_none());

    let stays = Identity {
        uid: None,
        ..with_source
    };
    assert!(check(&stays, &rights).unwrap().is_none());
}

#[test]
fn missing_network_rights_are_a_warning() {
    let wants = Identity {
        needs_network_rights: true,
        ..Identity::default()
    };
    let mut rights = Pretended::superuser();
    rights.superuser = false;
    assert!(check(&wants, &rights).unwrap().is_none());
    rights.network = false;
    let warning = check(&wants, &rights).unwrap().unwrap();
    assert!(matches!(warning, PrivilegeWarning::NetworkRightsMissing));
}
