// What one does with a click, said to the server, with a word when it fails.
import { Problem } from '../../sdk/src/index.js';
import { t } from '../strings/index.js';
import { chat } from './chat.js';
import { client } from './client.js';
import { ui } from './ui.js';

/** @import { Message, Room } from '../types.js' */

const { rest } = client;
/** Of lists that are read whole. */
const PAGE = 100;
/** At most so many people can be blocked. */
const BLOCKS_MAX = 1_000;

export const deeds = {
  /** @param {string} text */
  async copy(text) {
    try {
      // Not every browser has it everywhere.
      await navigator.clipboard.writeText(text);
      ui.toast(t.copied);
    } catch {
      ui.toast(t.notCopied);
    }
  },

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

  /** To come back to it, or having come back. @param {Room} room @param {boolean} isOn */
  async markUnread(room, isOn) {
    room.isMarkedUnread = isOn;
    chat.roomsChanged();
    if (await chat.attempt(rest.updateConversation({ room_id: room.id, body: { marked_unread: isOn } }))) return;
    room.isMarkedUnread = !isOn;
    chat.roomsChanged();
  },

  /** Whether I have blocked somebody. @param {string} userId */
  async lookAtBlocks(userId) {
    let isOn = false;
    /** @type {string | undefined} */
    let cursor;
    try {
      for (let read = 0; read < BLOCKS_MAX && !isOn; read += PAGE) {
        /** @type {Awaited<ReturnType<typeof rest.listBlocks>>} */
        const page = await rest.listBlocks({ limit: PAGE, cursor });
        isOn = page.items.some((block) => block.user_id === userId);
        if (!page.next_cursor) break;
        cursor = page.next_cursor;
      }
    } catch {
      return;
    }
    chat.people.blocked.set(userId, isOn);
    chat.people.changed();
  },

  /** @param {string} userId @param {boolean} isOn */
  async block(userId, isOn) {
    const done = await chat.attempt((isOn ? rest.blockUser({ user_id: userId }) : rest.unblockUser({ user_id: userId })).then(() => true));
    if (!done) return;
    chat.people.blocked.set(userId, isOn);
    chat.people.changed();
  },

  /** Those that let somebody in. @param {string} roomId */
  invitations: async (roomId) => {
    const { items } = await rest.listInvitations({ room_id: roomId, limit: PAGE });
    return items.filter(
      ({ revoked_at, expires_at, uses, max_uses }) =>
        !revoked_at && !(expires_at && new Date(expires_at) <= new Date()) && !(max_uses && uses >= max_uses),
    );
  },

  /** Asks whether to come in; who is in is shown the room. @param {string} token */
  async lookAtInvitation(token) {
    try {
      const preview = await rest.previewInvitation({ token });
      if (preview.is_member) ui.openRoom(preview.room_id);
      else ui.ask({ kind: 'invitation', token, preview });
    } catch (error) {
      if (error instanceof Problem && error.code === 'not_found') ui.toast(t.invitationOver);
      else chat.complain(error);
    }
  },

  /** By an invitation. @param {string} token */
  async comeIn(token) {
    const room = await rest.acceptInvitation({ token });
    chat.learnRoom(room);
    chat.roomsChanged();
    ui.openRoom(room.id);
  },

  /**
   * @param {string} words
   * @param {string | null} roomId Null is everywhere.
   * @param {boolean} isFilesOnly
   * @param {AbortSignal} signal
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
