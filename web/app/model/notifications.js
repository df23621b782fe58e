// The system's notices, when the person allowed them, and the count in the window's title.
import { recall, remember } from '../lib/storage.js';

const TITLE = 'Confab';

export const canNotify = () => 'Notification' in globalThis;

/** Whether they are allowed and wished for. */
export const isNotifying = () => canNotify() && Notification.permission === 'granted' && recall('notify', true);

/** @param {boolean} isWanted @returns {Promise<boolean>} */
export async function setNotifying(isWanted) {
  remember('notify', isWanted);
  if (!isWanted || !canNotify()) return false;
  return (await Notification.requestPermission()) === 'granted';
}

/** @param {{ title: string, body: string, tag: string, open: () => void }} notice */
export function notify({ title, body, tag, open }) {
  if (!isNotifying()) return;
  try {
    const notice = new Notification(title, { body: body.slice(0, 200), tag });
    notice.onclick = () => {
      window.focus();
      open();
      notice.close();
    };
  } catch {
    // Some platforms allow them from a service worker only.
  }
}

/** @param {number} count */
export function showUnread(count) {
  document.title = count > 0 ? `(${count > 99 ? '99+' : count}) ${TITLE}` : TITLE;
}
