// Menus and the emoji picker: one at a time, beside what opened them.
import { ui } from '../model/ui.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js';
import { recall, remember } from '../lib/storage.js';
import { t } from '../strings/index.js';
import { Icon } from './icons.js';
import { SearchField, fetched } from './requests.js';

/** @import { Menu, Picker } from '../types.js' */

const GAP_PX = 6;
const EDGE_PX = 8;
const RECENT_MAX = 24;

export function Popups() {
  if (ui.menu) return html`<${Menu} menu=${ui.menu} key=${ui.menu.label} />`;
  if (ui.picker) return html`<${EmojiPicker} picker=${ui.picker} />`;
  return null;
}

/** Puts a popup where it fits, and ends it at a click elsewhere. @param {DOMRect} at */
function usePopup(at) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const popup = element.current;
    if (!popup) return;
    const { width, height } = popup.getBoundingClientRect();
    const isBelow = at.bottom + GAP_PX + height < innerHeight - EDGE_PX;
    const top = isBelow ? at.bottom + GAP_PX : at.top - GAP_PX - height;
    const left = at.left + width < innerWidth - EDGE_PX ? at.left : at.right - width;
    popup.style.top = `${Math.max(EDGE_PX, Math.min(top, innerHeight - height - EDGE_PX))}px`;
    popup.style.left = `${Math.max(EDGE_PX, Math.min(left, innerWidth - width - EDGE_PX))}px`;
  });
  useEffect(() => {
    const onPointerDown = (/** @type {PointerEvent} */ event) => {
      if (!element.current?.contains(/** @type {Node} */ (event.target))) ui.closePopups();
    };
    addEventListener('pointerdown', onPointerDown, true);
    return () => removeEventListener('pointerdown', onPointerDown, true);
  }, []);
  return element;
}

/** @param {{ menu: Menu }} props */
function Menu({ menu }) {
  const element = usePopup(menu.at);
  useEffect(() => element.current?.querySelector('button')?.focus(), []);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const all = [...(element.current?.querySelectorAll('button') ?? [])];
    const at = all.indexOf(/** @type {any} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Tab') ui.closePopups();
    if (next === undefined) return;
    event.preventDefault();
    all[next % all.length]?.focus();
  };
  return html`<div class="menu" role="menu" aria-label=${menu.label} ref=${element} onKeyDown=${onKeyDown}>
    ${menu.items.map((item) =>
      item
        ? html`<button
            type="button"
            role="menuitem"
            class=${item.isDanger ? 'danger' : ''}
            onClick=${() => {
              ui.closePopups();
              item.act();
            }}
          >
            ${item.icon ? html`<${Icon} name=${item.icon} />` : null} <span>${item.label}</span>
          </button>`
        : html`<hr />`,
    )}
  </div>`;
}

/** @param {{ picker: Picker }} props */
function EmojiPicker({ picker }) {
  const element = usePopup(picker.at);
  const [emoji, setEmoji] = useState(/** @type {typeof import('./emoji.js') | null} */ (null));
  const [word, setWord] = useState('');
  useEffect(() => {
    void fetched('emoji').then((found) => (found ? setEmoji(found) : ui.picker === picker && ui.closePopups()));
    element.current?.querySelector('input')?.focus();
  }, []);
  const recent = /** @type {string[]} */ (recall('emoji', ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '🔥']));
  const pick = (/** @type {string} */ sign) => {
    remember('emoji', [sign, ...recent.filter((one) => one !== sign)].slice(0, RECENT_MAX));
    ui.closePopups();
    picker.pick(sign);
  };
  const grid = (/** @type {{ sign: string, words: string }[]} */ all) => html`<div class="emoji-grid">
    ${all.map(({ sign, words }) => html`<button type="button" title=${words} aria-label=${words} onClick=${() => pick(sign)}>${sign}</button>`)}
  </div>`;
  const found = emoji && word.trim() ? emoji.findEmoji(word.trim().toLowerCase(), 80) : null;
  return html`<div
    class="popover emoji-picker"
    role="dialog"
    aria-label=${t.emoji}
    ref=${element}
    onKeyDown=${onGridKey}
  >
    <${SearchField} label=${t.findEmoji} words=${word} change=${setWord} onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Enter' && found?.[0]) {
          event.preventDefault();
          pick(found[0].sign);
        }
      }}
    />
    <div class="emoji-groups">
      ${found
        ? grid(found)
        : html`<h3>${t.recentEmoji}</h3>
            ${grid(recent.map((sign) => ({ sign, words: sign })))}
            ${emoji?.groups.map(({ slug, all }) => html`<h3>${/** @type {Record<string, string>} */ (t.emojiGroups)[slug] ?? slug}</h3>${grid(all)}`)}`}
    </div>
  </div>`;
}

const COLUMNS = 8;

/** @param {KeyboardEvent} event */
function onGridKey(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (!step) return;
  const isInput = event.target instanceof HTMLInputElement;
  if (isInput && event.key !== 'ArrowDown') return;
  const all = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll(/** @type {'button'} */ ('.emoji-grid button'))];
  const at = all.indexOf(/** @type {any} */ (document.activeElement));
  event.preventDefault();
  all[isInput ? 0 : Math.max(0, Math.min(all.length - 1, at + step))]?.focus();
}
