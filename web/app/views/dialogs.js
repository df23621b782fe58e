// Dialogs: one at a time, over everything else. The rarer ones are fetched when they are opened.
import { ui } from '../model/ui.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { t } from '../strings/index.js';
import { IconButton } from './icons.js';
import { fetched } from './requests.js';

/** Where each kind is: its module, and its name there. @type {Record<string, [string, string]>} */
const PLACES = {
  new: ['new_conversation', 'NewConversation'],
  add: ['new_conversation', 'AddPeople'],
  settings: ['settings', 'Settings'],
  room: ['room_settings', 'RoomSettings'],
  invite: ['room_settings', 'Invite'],
  invitation: ['small_dialogs', 'Invitation'],
  reports: ['room_settings', 'Reports'],
  shortcuts: ['small_dialogs', 'Shortcuts'],
  picture: ['small_dialogs', 'Lightbox'],
  delete: ['small_dialogs', 'DeleteMessage'],
  leave: ['small_dialogs', 'LeaveRoom'],
  remove: ['small_dialogs', 'RemoveMember'],
  ban: ['small_dialogs', 'BanMember'],
  owner: ['small_dialogs', 'HandOver'],
  report: ['small_dialogs', 'Report'],
  forward: ['small_dialogs', 'Forward'],
  reactions: ['small_dialogs', 'WhoReacted'],
  receipts: ['small_dialogs', 'WhoRead'],
  history: ['small_dialogs', 'Versions'],
  deactivate: ['small_dialogs', 'Deactivate'],
};

export function Dialogs() {
  const { dialog } = ui;
  const [made, setMade] = useState(/** @type {{ kind: string, view: any } | null} */ (null));
  useEffect(() => {
    let isGone = false;
    setMade(null);
    if (dialog) {
      const [module, name] = PLACES[dialog.kind];
      void fetched(module).then((found) => {
        if (isGone) return;
        if (found) setMade({ kind: dialog.kind, view: found[name] });
        else ui.ask(null);
      });
    }
    return () => {
      isGone = true;
    };
  }, [dialog?.kind]);
  if (!dialog || made?.kind !== dialog.kind) return null;
  return html`<${made.view} ...${dialog} />`;
}

/**
 * The frame of each: the browser keeps the focus in it, and gives it back.
 * @param {{ title: string, class?: string, children?: any, foot?: any }} props
 */
export function Dialog({ title, class: more = '', children, foot = null }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const opener = useRef(/** @type {Element | null} */ (null));
  const isBehind = useRef(false);
  useEffect(() => {
    opener.current = document.activeElement;
    element.current?.showModal();
    // Not the button that closes it: what has no field to begin with is read from its title on.
    if (!element.current?.querySelector('[autofocus]')) element.current?.focus();
    const { roomId } = ui;
    return () => {
      if (ui.roomId && ui.roomId !== roomId) {
        // It led into another room. Nothing beside the dialog takes the focus before it is gone.
        if (matchMedia('(hover: hover)').matches) requestAnimationFrame(() => document.querySelector(/** @type {'textarea'} */ ('.room textarea'))?.focus());
        return;
      }
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus({ preventScroll: true });
    };
  }, []);
  return html`<dialog
    class=${`dialog ${more}`}
    ref=${element}
    tabindex="-1"
    aria-labelledby="dialog-title"
    onClose=${() => ui.ask(null)}
    onPointerDown=${(/** @type {PointerEvent} */ event) => {
      isBehind.current = event.target === element.current;
    }}
    onClick=${(/** @type {MouseEvent} */ event) => {
      // A click on what lies behind; a selection that begins in a field may end there, too.
      if (isBehind.current && event.target === element.current) ui.ask(null);
    }}
  >
    <header class="dialog-head">
      <h2 id="dialog-title">${title}</h2>
      <${IconButton} icon="close" label=${t.close} onClick=${() => ui.ask(null)} />
    </header>
    <div class="dialog-body">${children}</div>
    ${foot ? html`<footer class="dialog-foot">${foot}</footer>` : null}
  </dialog>`;
}
