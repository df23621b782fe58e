//! Ports of the scripted store that the live feed never asks: each answers that it is away.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{
    Accounts, Changed, ConversationKey, Conversations, FormerText, HostProduct, HostUser, Kept, KeyBearer,
    Mark, MentionKey, MessagePage, MessageReads, Moderation, NewMessage, NewRoom, NewUser, OutsideProfile,
    Page, PinKey, ProfilePatch, ReactionKey, RoomWrites, Rotation, Search, SearchFound, SearchRequest,
    SecretHash, Sent, Voice,
};
use confab_domain::{
    Actor, ApiKey, ApiKeyId, Ban, Block, Conversation, ConversationFilter, ConversationPatch, Deed, Error,
    Horizon, Invitation, InvitationId, MentionFound, Message, MessageId, MessageReceipt, Preview, Reaction,
    ReadToTheEnd, ReceiptCounts, Report, Result, RoomId, Session, SessionId, Timestamp, Trace, Unread, User,
    UserId, UserRole,
};

use super::script::Script;

const AWAY: Error = Error::Unavailable("the live feed does not ask this", None);

#[async_trait]
impl Conversations for Script {
    async fn reactions(
        &self,
        _: RoomId,
        _: MessageId,
        _: Option<&str>,
        _: Option<ReactionKey>,
        _: usize,
    ) -> Result<Page<(Reaction, User), ReactionKey>> {
        Err(AWAY)
    }
    async fn own_reactions(
        &self,
        _: UserId,
        _: &[(RoomId, MessageId, String)],
    ) -> Result<Vec<(MessageId, String)>> {
        Err(AWAY)
    }
    async fn pins(
        &self,
        _: RoomId,
        _: Horizon,
        _: Option<PinKey>,
        _: usize,
    ) -> Result<Page<Arc<Message>, PinKey>> {
        Err(AWAY)
    }
    async fn conversations(
        &self,
        _: UserId,
        _: ConversationFilter,
        _: Option<ConversationKey>,
        _: Timestamp,
        _: usize,
    ) -> Result<Page<Conversation, ConversationKey>> {
        Err(AWAY)
    }
    async fn mark_all_read(&self, _: UserId, _: usize) -> Result<Vec<ReadToTheEnd>> {
        Err(AWAY)
    }
    async fn update_conversation(
        &self,
        _: RoomId,
        _: UserId,
        _: ConversationPatch,
        _: Timestamp,
    ) -> Result<Conversation> {
        Err(AWAY)
    }
    async fn unread(&self, _: UserId, _: Timestamp) -> Result<Unread> {
        Err(AWAY)
    }
    async fn receipt_counts(&self, _: &Message, _: UserId) -> Result<ReceiptCounts> {
        Err(AWAY)
    }
    async fn message_receipts(
        &self,
        _: &Message,
        _: UserId,
        _: Option<UserId>,
        _: usize,
    ) -> Result<Page<MessageReceipt, UserId>> {
        Err(AWAY)
    }
}

#[async_trait]
impl Moderation for Script {
    async fn bans(&self, _: RoomId, _: Option<UserId>, _: usize) -> Result<Page<(Ban, User), UserId>> {
        Err(AWAY)
    }
    async fn ban(&self, _: RoomId, _: UserId) -> Result<Option<(Ban, User)>> {
        Err(AWAY)
    }
    async fn block(&self, _: UserId, _: UserId, _: Timestamp) -> Result<bool> {
        Err(AWAY)
    }
    async fn unblock(&self, _: UserId, _: UserId) -> Result<bool> {
        Err(AWAY)
    }
    async fn blocks(&self, _: UserId, _: Option<UserId>, _: usize) -> Result<Page<(Block, User), UserId>> {
        Err(AWAY)
    }
    async fn invitations(
        &self,
        _: RoomId,
        _: Option<InvitationId>,
        _: usize,
    ) -> Result<Page<Invitation, InvitationId>> {
        Err(AWAY)
    }
    async fn invitation_of(&self, _: SecretHash) -> Result<Option<Invitation>> {
        Err(AWAY)
    }
    async fn reports(
        &self,
        _: Option<RoomId>,
        _: bool,
        _: Option<(MessageId, UserId)>,
        _: usize,
    ) -> Result<Page<Report, (MessageId, UserId)>> {
        Err(AWAY)
    }
    async fn voice(&self, _: RoomId, _: UserId) -> Result<Option<Voice>> {
        Err(AWAY)
    }
}

#[async_trait]
impl Accounts for Script {
    async fn register(&self, _: NewUser, _: Timestamp, _: Trace) -> Result<User> {
        Err(AWAY)
    }
    async fn outside_user(&self, _: OutsideProfile, _: Timestamp, _: Trace) -> Result<User> {
        Err(AWAY)
    }
    async fn user(&self, _: UserId) -> Result<Option<User>> {
        Err(AWAY)
    }
    async fn users(&self, _: &[UserId]) -> Result<Vec<User>> {
        Err(AWAY)
    }
    async fn login_of(&self, _: &str) -> Result<Option<(User, Option<String>)>> {
        Err(AWAY)
    }
    async fn password_hash(&self, _: UserId) -> Result<Option<String>> {
        Err(AWAY)
    }
    async fn search_users(&self, _: &str, _: Option<&str>, _: usize) -> Result<Page<User, String>> {
        Err(AWAY)
    }
    async fn update_profile(
        &self,
        _: &Actor,
        _: UserId,
        _: ProfilePatch,
        _: Timestamp,
        _: Trace,
    ) -> Result<User> {
        Err(AWAY)
    }
    async fn set_password(&self, _: UserId, _: &str, _: Option<SessionId>, _: Timestamp) -> Result<()> {
        Err(AWAY)
    }
    async fn set_role(&self, _: UserId, _: UserRole, _: Timestamp) -> Result<()> {
        Err(AWAY)
    }
    async fn set_open(&self, _: &Actor, _: UserId, _: bool, _: Timestamp, _: Trace) -> Result<User> {
        Err(AWAY)
    }
    async fn open_session(&self, _: Session, _: SecretHash) -> Result<()> {
        Err(AWAY)
    }
    async fn rotate_refresh(
        &self,
        _: SecretHash,
        _: SecretHash,
        _: Timestamp,
        _: Duration,
        _: Duration,
    ) -> Result<Rotation> {
        Err(AWAY)
    }
    async fn session_of_refresh(&self, _: SecretHash) -> Result<Option<Session>> {
        Err(AWAY)
    }
    async fn sessions(&self, _: UserId, _: Timestamp) -> Result<Vec<Session>> {
        Err(AWAY)
    }
    async fn revoke_session(&self, _: UserId, _: SessionId, _: Timestamp) -> Result<bool> {
        Err(AWAY)
    }
    async fn revoke_sessions(&self, _: UserId, _: Option<SessionId>, _: Timestamp) -> Result<u64> {
        Err(AWAY)
    }
    async fn put_ticket(&self, _: SecretHash, _: &Actor, _: Timestamp) -> Result<()> {
        Err(AWAY)
    }
    async fn take_ticket(&self, _: SecretHash, _: Timestamp) -> Result<Option<Actor>> {
        Err(AWAY)
    }
    async fn touch_last_seen(&self, _: &[(UserId, Timestamp)]) -> Result<()> {
        Err(AWAY)
    }
    async fn sweep_expired(&self, _: Timestamp, _: usize) -> Result<u64> {
        Err(AWAY)
    }
}

#[async_trait]
impl Search for Script {
    async fn search(&self, _: &SearchRequest) -> Result<SearchFound> {
        Err(AWAY)
    }
}

#[async_trait]
impl MessageReads for Script {
    async fn replies(&self, _: RoomId, _: MessageId, _: Horizon, _: i64, _: usize) -> Result<MessagePage> {
        Err(AWAY)
    }
    async fn former_texts(&self, _: RoomId, _: MessageId, _: i64, _: usize) -> Result<Page<FormerText, i64>> {
        Err(AWAY)
    }
    async fn previews(&self, _: RoomId, _: &[MessageId]) -> Result<Vec<Preview>> {
        Err(AWAY)
    }
    async fn members_named(&self, _: RoomId, _: &[String]) -> Result<HashMap<String, UserId>> {
        Err(AWAY)
    }
    async fn unread_mentions(&self, _: UserId, _: &[RoomId]) -> Result<HashMap<RoomId, i64>> {
        Err(AWAY)
    }
    async fn mentions(
        &self,
        _: UserId,
        _: Option<MentionKey>,
        _: usize,
    ) -> Result<Page<MentionFound, MentionKey>> {
        Err(AWAY)
    }
}

#[async_trait]
impl RoomWrites for Script {
    async fn send(&self, _: NewMessage) -> Result<Sent> {
        Err(AWAY)
    }
    async fn sent_before(&self, _: &NewMessage) -> Result<Option<Sent>> {
        Err(AWAY)
    }
    async fn create_room(&self, _: NewRoom, _: &Actor, _: Timestamp, _: Trace) -> Result<Changed> {
        Err(AWAY)
    }
    async fn direct_room(
        &self,
        _: RoomId,
        _: &Actor,
        _: UserId,
        _: Timestamp,
        _: Trace,
    ) -> Result<(Changed, bool)> {
        Err(AWAY)
    }
    async fn change(&self, _: RoomId, _: &Actor, _: Deed, _: Timestamp, _: Trace) -> Result<Changed> {
        Err(AWAY)
    }
    async fn mark_read(&self, _: RoomId, _: UserId, _: i64) -> Result<Mark> {
        Err(AWAY)
    }
    async fn mark_delivered(&self, _: RoomId, _: UserId, _: i64) -> Result<Mark> {
        Err(AWAY)
    }
}

#[async_trait]
impl HostProduct for Script {
    async fn put_api_key(&self, _: &ApiKey, _: SecretHash) -> Result<()> {
        Err(AWAY)
    }
    async fn api_keys(&self, _: Option<ApiKeyId>, _: usize) -> Result<Page<ApiKey, ApiKeyId>> {
        Err(AWAY)
    }
    async fn revoke_api_key(&self, _: ApiKeyId, _: Timestamp) -> Result<bool> {
        Err(AWAY)
    }
    async fn key_bearer(&self, _: SecretHash) -> Result<Option<KeyBearer>> {
        Err(AWAY)
    }
    async fn touch_api_key(&self, _: ApiKeyId, _: Timestamp, _: Duration) -> Result<()> {
        Err(AWAY)
    }
    async fn keep_user(&self, _: &Actor, _: HostUser, _: Timestamp, _: Trace) -> Result<(User, Kept)> {
        Err(AWAY)
    }
    async fn users_by_external_id(&self, _: &[String]) -> Result<Vec<User>> {
        Err(AWAY)
    }
    async fn room_by_key(
        &self,
        _: &str,
        _: NewRoom,
        _: &Actor,
        _: Timestamp,
        _: Trace,
    ) -> Result<(Changed, bool)> {
        Err(AWAY)
    }
    async fn room_of_key(&self, _: &str) -> Result<Option<RoomId>> {
        Err(AWAY)
    }
}
