//! What may be told to the moderators: others' messages that are still there.

use crate::{Actor, Error, Message, Result};

/// Whether there is anything to tell.
pub(super) fn report(actor: &Actor, message: &Message) -> Result<()> {
    if message.sender_id == actor.user_id {
        return Err(Error::Forbidden("this message is your own"));
    }
    if message.is_deleted() {
        return Err(Error::Conflict("the message is deleted"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, actor, facts, message};
    use crate::change::{Facts, decide};
    use crate::{Deed, Error, MemberRole, Message, RoomKind, UserRole};

    #[test]
    fn members_report_what_others_said() {
        let report = Deed::Report {
            message_id: message(2).id,
            reason: "spam".into(),
        };
        let with = |message| Facts {
            message: Some(message),
            ..facts(RoomKind::Private, Some(MemberRole::Member), &[])
        };
        let by = actor(1, UserRole::User);
        assert_eq!(decide(&by, &report, &with(message(2))).unwrap().len(), 1);
        assert!(matches!(
            decide(&by, &report, &with(message(1))),
            Err(Error::Forbidden(_))
        ));
        let deleted = Message {
            deleted_at: Some(NOW),
            ..message(2)
        };
        assert!(matches!(
            decide(&by, &report, &with(deleted)),
            Err(Error::Conflict(_))
        ));
        let stranger = Facts {
            membership: None,
            ..with(message(2))
        };
        assert!(matches!(decide(&by, &report, &stranger), Err(Error::NotFound)));
        let resolve = Deed::ResolveReports(message(2).id);
        assert!(decide(&by, &resolve, &with(message(2))).is_err());
    }
}
