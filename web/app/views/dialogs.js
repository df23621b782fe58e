// Dialogs: one at a time, over everything else. The rarer ones are fetched when they are opened.
import { ui } from '../model/ui.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { t } from '../strings/index.js';
import { IconButton } from './icons.js';

/** What each kind is made by. @type {Record<string, () => Promise<any>>} */
const MAKERS = {
  new: () => import('./new_conversation.js').then((module) => module.NewConversation),
  add: () => import('./new_conversation.js').then((module) => module.AddPeople),
  settings: () => import('./settings.js').then((module) => module.Settings),
  room: () => import('./room_settings.js').then((module) => module.RoomSettings),
  invite: () => import('./room_settings.js').then((module) => module.Invite),
  invitation: () => import('./small_dialogs.js').then((module) => module.Invitation),
  reports: () => import('./reports.js').then((module) => module.Reports),
  shortcuts: () => import('./small_dialogs.js').then((module) => module.Shortcuts),
  picture: () => import('./small_dialogs.js').then((module) => module.Lightbox),
  delete: () => import('./small_dialogs.js').then((module) => module.DeleteMessage),
  leave: () => import('./small_dialogs.js').then((module) => module.LeaveRoom),
  remove: () => import('./small_dialogs.js').then((module) => module.RemoveMember),
  ban: () => import('./small_dialogs.js').then((module) => module.BanMember),
  owner: () => import('./small_dialogs.js').then((module) => module.HandOver),
  report: () => import('./small_dialogs.js').then((module) => module.Report),
  forward: () => import('./small_dialogs.js').then((module) => module.Forward),
  reactions: () => import('./small_dialogs.js').then((module) => module.WhoReacted),
  receipts: () => import('./small_dialogs.js').then((module) => module.WhoRead),
  history: () => import('./small_dialogs.js').then((module) => module.Versions),
};

export function Dialogs() {
  const { dialog } = ui;
  const [made, setMade] = useState(/** @type {{ kind: string, view: any } | null} */ (null));
  useEffect(() => {
    let isGone = false;
    setMade(null);
    if (dialog) {
      void MAKERS[dialog.kind]?.().then((view) => {
        if (!isGone) setMade({ kind: dialog.kind, view });
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
