// What is open on the page: the room, what stands beside it, dialogs, menus, notices. Nothing of it is on the server.
import { Observable } from '../lib/observable.js';
import { recall, remember } from '../lib/storage.js';

/** @import { Menu, MenuItem, Panel, Picker, Toast } from '../types.js' */

const INVITATION = 'confab.invitation';
const TOAST_MS = 6_000;
const TOASTS_MAX = 3;

class Ui extends Observable {
  /** @type {string | null} */
  roomId = null;
  /** The message to be brought into sight, by its place. @type {{ seq: number, nonce: number } | null} */
  target = null;
  /** @type {Panel | null} */
  panel = null;
  /** @type {({ kind: string } & Record<string, any>) | null} */
  dialog = null;
  /** @type {Menu | null} */
  menu = null;
  /** @type {Picker | null} */
  picker = null;
  /** @type {Toast[]} */
  toasts = [];
  /** @type {'auto' | 'light' | 'dark'} */
  theme = recall('theme', 'auto');
  isDrawerOpen = recall('drawer', false);
  /** The invitation that the page was opened with; signing up may take a reload. @type {string | null} */
  invitation = sessionStorage.getItem(INVITATION);
  isArchiveOpen = false;
  filter = '';
  /** Said to those who listen to the page. */
  announcement = '';
  #toasts = 0;
  #nonce = 0;

  constructor() {
    super();
    addEventListener('hashchange', () => this.readHash());
    this.readHash();
    this.applyTheme();
  }

  readHash() {
    const [, invitation] = /^#\/invitation\/([\w.~-]{1,200})$/.exec(location.hash) ?? [];
    if (invitation) {
      this.invitation = invitation;
      sessionStorage.setItem(INVITATION, invitation);
      // It is good for once; what comes next is the room.
      history.replaceState(null, '', '#/');
    }
    const [, room, seq] = /^#\/room\/([0-9a-f-]{36})(?:\/(\d+))?$/.exec(location.hash) ?? [];
    const next = room ?? null;
    // Going from one hit to the next leaves them in sight, where there is room for both.
    const isList = this.panel?.kind === 'search' || this.panel?.kind === 'mentions';
    if (next !== this.roomId && !(isList && next)) this.panel = null;
    if (seq && matchMedia('(max-width: 720px)').matches) this.panel = null;
    this.roomId = next;
    if (seq) {
      this.#nonce += 1;
      this.target = { seq: Number(seq), nonce: this.#nonce };
    } else {
      this.target = null;
    }
    this.menu = null;
    this.picker = null;
    this.changed();
  }

  /** It was looked at. */
  endInvitation() {
    this.invitation = null;
    sessionStorage.removeItem(INVITATION);
  }

  /** @param {string | null} roomId @param {number} [seq] Around this place of it. */
  openRoom(roomId, seq) {
    const hash = roomId ? `#/room/${roomId}${seq ? `/${seq}` : ''}` : '#/';
    if (location.hash === hash) this.readHash();
    else location.hash = hash;
  }

  /** The place was shown: opening the room again shows its end. */
  targetShown() {
    if (!this.target || !this.roomId) return;
    history.replaceState(null, '', `#/room/${this.roomId}`);
  }

  /** @param {Panel | null} panel */
  show(panel) {
    this.panel = panel;
    this.changed();
  }

  /** @param {({ kind: string } & Record<string, any>) | null} dialog */
  ask(dialog) {
    this.dialog = dialog;
    this.menu = null;
    this.picker = null;
    this.changed();
  }

  /** @param {Event} event @param {string} label @param {MenuItem[]} items */
  openMenu(event, label, items) {
    const opener = /** @type {HTMLElement} */ (event.currentTarget);
    this.menu = { at: opener.getBoundingClientRect(), items, label, opener };
    this.picker = null;
    this.changed();
  }

  /** @param {Event} event @param {(emoji: string) => void} pick */
  openPicker(event, pick) {
    const opener = /** @type {HTMLElement} */ (event.currentTarget);
    this.picker = { at: opener.getBoundingClientRect(), pick, opener };
    this.menu = null;
    this.changed();
  }

  closePopups() {
    const opener = this.menu?.opener ?? this.picker?.opener;
    if (!this.menu && !this.picker) return;
    this.menu = null;
    this.picker = null;
    this.changed();
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  }

  /** @param {string} text @param {{ label: string, act: () => void } | null} [action] */
  toast(text, action = null) {
    this.#toasts += 1;
    const id = this.#toasts;
    this.toasts = [...this.toasts, { id, text, action }].slice(-TOASTS_MAX);
    setTimeout(() => this.endToast(id), TOAST_MS);
    this.changed();
  }

  /** @param {number} id */
  endToast(id) {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.changed();
  }

  /** @param {string} text */
  announce(text) {
    this.announcement = text;
    this.changed();
  }

  /** @param {'auto' | 'light' | 'dark'} theme */
  setTheme(theme) {
    this.theme = theme;
    remember('theme', theme);
    this.applyTheme();
    this.changed();
  }

  applyTheme() {
    if (this.theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }

  toggleDrawer() {
    this.isDrawerOpen = !this.isDrawerOpen;
    remember('drawer', this.isDrawerOpen);
    this.changed();
  }
}

export const ui = new Ui();
