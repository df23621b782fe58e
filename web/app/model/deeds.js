// What one does with a click, said to the server, with a word when it fails.
import { t } from '../strings/index.js';
import { chat } from './chat.js';
import { client } from './client.js';
import { ui } from './ui.js';

/**
 * @import { Message } from '../../sdk/src/generated/types.js'
 * @import { Room } from './room.js'
 */

/** The operations, by name; those of a newer document than the types were made from too. @type {Record<string, (input?: any, options?: any) => Promise<any>>} */
const rest = /** @type {any} */ (client.rest);

export const deeds = {
  /** Whether there is such an operation: what a server does not have is not offered. @param {string} operation */
  can: (operation) => operation in rest,

  /** @param {Message} message @param {string} emoji @param {boolean} isOn */
  react: (message, emoji, isOn) => chat.attempt(client.react(message.id, emoji, isOn)),

  /** @param {Room} room @param {Record<string, unknown>} change */
  async setConversation(room, change) {
    const before = room.settings;
    // Shown at once; taken back if it is refused.
    room.settings = { ...before, .../** @type {any} */ (change) };
    chat.roomsChanged();
    const answer = await chat.attempt(rest.updateConversation({ room_id: room.id, body: change }));
    if (answer === undefined) {
      room.settings = before;
      chat.roomsChanged();
    }
  },

  /** @param {{ room_id: string, user_id: string }} whom @param {string} until */
  muteMember: (whom, until) => rest.muteMember({ ...whom, body: { until } }),

  /** @param {{ room_id: string, user_id: string }} whom */
  unmuteMember: (whom) => rest.unmuteMember(whom),

  /** @param {{ room_id: string, user_id: string }} whom @param {string} reason */
  ban: (whom, reason) => rest.banUser({ ...whom, body: reason ? { reason } : {} }),

  /** @param {{ room_id: string, user_id: string }} whom */
  unban: (whom) => rest.unbanUser(whom),

  /** @param {string} roomId */
  bans: async (roomId) => (await rest.listBans({ room_id: roomId })).items,

  /** @param {string} userId */
  isBlocked: async (userId) => {
    if (!deeds.can('listBlocks')) return null;
    const { items } = await rest.listBlocks({ limit: 100 });
    return items.some((/** @type {any} */ one) => (one.user_id ?? one.user?.id ?? one.id) === userId);
  },

  /** @param {string} userId @param {boolean} isOn */
  block: (userId, isOn) => (isOn ? rest.blockUser({ user_id: userId }) : rest.unblockUser({ user_id: userId })),

  /** @param {string} messageId @param {number} limit @returns {Promise<Message[]>} */
  replies: async (messageId, limit) => (deeds.can('listReplies') ? (await rest.listReplies({ message_id: messageId, limit })).items : []),

  /** @param {string} roomId @returns {Promise<Message[]>} */
  pins: async (roomId) => {
    const { items } = await rest.listPins({ room_id: roomId, limit: 100 });
    return items;
  },

  /** @param {string} messageId @returns {Promise<any[]>} */
  reactionsOf: async (messageId) => (await rest.listReactions({ message_id: messageId, limit: 100 })).items,

  /** @param {string} messageId @returns {Promise<any>} */
  receiptsOf: (messageId) => rest.messageReceipts({ message_id: messageId }),

  /** @param {string} messageId @returns {Promise<any[]>} */
  versionsOf: async (messageId) => (await rest.messageHistory({ message_id: messageId })).items,

  /** @param {string} messageId @param {string} roomId */
  forward: (messageId, roomId) => rest.forwardMessage({ message_id: messageId, body: { room_id: roomId } }),

  /** @param {string} messageId @param {string} reason */
  report: (messageId, reason) => rest.reportMessage({ message_id: messageId, body: { reason } }),

  /** @param {string} roomId */
  invitations: async (roomId) => (await rest.listInvitations({ room_id: roomId })).items,

  /** @param {string} roomId @param {{ expires_in?: number, max_uses?: number }} body */
  invite: (roomId, body) => rest.createInvitation({ room_id: roomId, body }),

  /** @param {string} roomId @param {string} id */
  revokeInvitation: (roomId, id) => rest.revokeInvitation({ room_id: roomId, invitation_id: id, id }),

  /** By an invitation. @param {string} token */
  async comeIn(token) {
    ui.invitation = null;
    const room = await chat.attempt(rest.acceptInvitation({ token }));
    if (!room) return;
    chat.learnRoom(room);
    chat.roomsChanged();
    ui.openRoom(room.id);
    ui.toast(t.invitationAccepted);
  },

  /**
   * @param {string} words
   * @param {string | null} roomId Null is everywhere.
   * @param {boolean} isFilesOnly
   * @param {AbortSignal} signal
   * @returns {Promise<any[]>}
   */
  search: async (words, roomId, isFilesOnly, signal) => {
    const query = { q: words, limit: 50, ...(isFilesOnly ? { has: 'file' } : {}) };
    const { items } = roomId ? await rest.searchRoom({ room_id: roomId, ...query }, { signal }) : await rest.searchMessages(query, { signal });
    return items;
  },

  /** @param {Room} room */
  async leave(room) {
    const isLeft = await chat.attempt(client.rest.leaveRoom({ room_id: room.id }).then(() => true));
    if (!isLeft) return;
    ui.show(null);
    chat.rooms.delete(room.id);
    if (ui.roomId === room.id) ui.openRoom(null);
    chat.roomsChanged();
    ui.toast(t.youLeft(room.title));
  },

  /** @param {{ kind: string, name: string, description: string | null, member_ids: string[] }} body */
  async createRoom({ kind, name, description, member_ids }) {
    const room = await client.rest.createRoom({
      body: /** @type {any} */ ({ kind, name, ...(description ? { description } : {}), ...(member_ids.length > 0 ? { member_ids } : {}) }),
    });
    chat.learnRoom(room);
    chat.roomsChanged();
    ui.ask(null);
    ui.openRoom(room.id);
  },
};
