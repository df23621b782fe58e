// The whole page: outside, one signs in; inside, one talks.
import { chat } from '../model/chat.js';
import { deeds } from '../model/deeds.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { Dialogs } from './dialogs.js';
import { Entrance } from './entrance.js';
import { SidePanel } from './panels.js';
import { Popups } from './popups.js';
import { fetched } from './requests.js';
import { RoomView } from './room_view.js';
import { Sidebar } from './sidebar.js';

export function App() {
  useObserved(chat, ui);
  useShortcuts();
  const { invitation } = ui;
  useEffect(() => {
    if (!invitation || chat.phase !== 'inside') return;
    ui.endInvitation();
    void deeds.lookAtInvitation(invitation);
  }, [invitation, chat.phase]);
  if (chat.phase === 'starting') return html`<div class="entrance" aria-busy="true"><div class="spinner"></div></div>`;
  return html`
    ${chat.phase === 'outside' ? html`<${Entrance} />` : html`<${Inside} />`}
    <${Dialogs} />
    <${Popups} />
    <${Toasts} />
    <div class="visually-hidden" aria-live="polite" role="status">${ui.announcement}</div>
  `;
}

function Inside() {
  return html`<div class=${`app ${ui.roomId ? 'has-room' : ''}`}>
    <a class="button skip" href="#composer" onClick=${skipToWriting}>${t.skipToWriting}</a>
    <${Sidebar} />
    <${RoomView} key=${ui.roomId} />
    ${ui.panel ? html`<${SidePanel} />` : null} ${ui.isDrawerOpen ? html`<${LazyDrawer} />` : null}
  </div>`;
}

/** The address names the room: it must stay. @param {Event} event */
function skipToWriting(event) {
  event.preventDefault();
  document.querySelector('textarea')?.focus();
}

/** Few need it: it is fetched when it is opened. */
function LazyDrawer() {
  const [module, setModule] = useState(/** @type {any} */ (null));
  useEffect(() => {
    void fetched('drawer').then((found) => (found ? setModule(found) : ui.toggleDrawer()));
  }, []);
  return module ? html`<${module.Drawer} />` : null;
}

function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${ui.toasts.map(
      ({ id, text, action }) => html`<div class="toast" key=${id}>
        <span dir="auto">${text}</span>
        ${action &&
        html`<button
          class="link-button"
          type="button"
          onClick=${() => {
            action.act();
            ui.endToast(id);
          }}
        >
          ${action.label}
        </button>`}
      </div>`,
    )}
  </div>`;
}

function useShortcuts() {
  useEffect(() => {
    const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
      const isCommand = event.ctrlKey || event.metaKey;
      if (chat.phase !== 'inside') return;
      if (event.key === 'Escape' && !document.querySelector('dialog')) {
        // One that is on its way yet.
        if (ui.dialog) ui.ask(null);
        else if (ui.menu || ui.picker) ui.closePopups();
        else if (ui.panel && !event.defaultPrevented) ui.show(null);
        else return;
      } else if (isCommand && event.key.toLowerCase() === 'k') {
        document.querySelector(/** @type {'input'} */ ('#conversation-filter'))?.focus();
      } else if (isCommand && event.shiftKey && event.key.toLowerCase() === 'd') {
        ui.toggleDrawer();
      } else if (isCommand && event.shiftKey && event.key.toLowerCase() === 'f') {
        if (!ui.roomId) return;
        ui.show({ kind: 'search' });
      } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        stepConversation(event.key === 'ArrowDown' ? 1 : -1);
      } else if (isCommand && event.key === '/') {
        ui.ask({ kind: 'shortcuts' });
      } else {
        return;
      }
      event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}

/** @param {number} step */
function stepConversation(step) {
  const links = [...document.querySelectorAll(/** @type {'a'} */ ('a.conversation'))];
  const at = links.findIndex((link) => link.getAttribute('aria-current') === 'true');
  const next = links[at < 0 ? 0 : (at + step + links.length) % links.length];
  next?.click();
}
