// Pictures of a few strokes each, in the colour of the text beside them.
import { html } from '../lib/html.js';

/** @type {Record<string, string>} */
const PATHS = {
  add: 'M12 5v14M5 12h14',
  archive: 'M4 5h16v4H4zM6 9v10h12V9M10 13h4',
  arrow_back: 'M19 12H5m6-6-6 6 6 6',
  arrow_down: 'M12 5v14m-6-6 6 6 6-6',
  attach: 'M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7',
  bell: 'M6 16V11a6 6 0 1 1 12 0v5l2 2H4zM10 21h4',
  bell_off: 'M6 16V11c0-1 .2-1.900.6-2.7M9 5.8A6 6 0 0 1 18 11v3M4 18h13M10 21h4M4 4l16 16',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  checks: 'M2.5 12.5l4.5 4.5L16 7.5M11.5 16.5l.5.5L21.5 7.5',
  clock: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  close: 'M6 6l12 12M18 6L6 18',
  code: 'M8 8l-4 4 4 4M16 8l4 4-4 4M13.5 6l-3 12',
  contrast: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM12 3v18M12 7.5h7.5M12 12h9M12 16.5h7.5',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  emoji: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM8.5 14.5c1.8 2.3 5.2 2.3 7 0M9 9.5v.5M15 9.5v.5',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  flag: 'M6 21V4h11l-2 4 2 4H6',
  forward: 'M14 6l6 6-6 6M20 12H9a5 5 0 0 0-5 5v2',
  hash: 'M9 4L7 20M17 4l-2 16M4 9h16M3.5 15h16',
  history: 'M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4l3 2',
  info: 'M12 11v6M12 7.5v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  keyboard: 'M3 7h18v10H3zM7 10.5h.1M10.5 10.5h.1M14 10.5h.1M17 10.5h.1M8 14h8',
  leave: 'M14 4H5v16h9M10 12h11m-4-4 4 4-4 4',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4.2 4.2 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4.2 4.2 0 0 0 6 6l1-1',
  menu: 'M12 6.7a.7.7 0 1 0 0-1.400.7.7 0 0 0 0 1.4ZM12 12.7a.7.7 0 1 0 0-1.400.7.7 0 0 0 0 1.4ZM12 18.7a.7.7 0 1 0 0-1.400.7.7 0 0 0 0 1.4Z',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  people: 'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.6 3.5 5.5',
  pin: 'M9 4h6l-1 6 3.5 3.5h-11L10 10zM12 13.5V21',
  reply: 'M10 6l-6 6 6 6M4 12h11a5 5 0 0 1 5 5v2',
  retry: 'M20 12a8 8 0 1 1-2.5-5.8L20 8.5M20 4v4.5h-4.5',
  search: 'M15.5 15.5L20 20M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0Z',
  send: 'M5 12L4 4.5 20.5 12 4 19.5zM5 12h7',
  settings: 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1',
  shield: 'M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6z',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4',
  talk: 'M4 5h16v11H12l-5 4v-4H4z',
  thread: 'M4 4h12v8H9l-3 3v-3H4zM19 9h1v8h-2v3l-3-3H10v-2',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5',
  at: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Zm0-4v5.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.6 7.2',
  download: 'M12 4v11M7.5 11 12 15.5l4.5-4.5M5 19.5h14',
  unread: 'M13 5H4v11h3v4l4-4h9v-5M18.5 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c.8-4.3 3.5-6.5 7.5-6.5s6.7 2.2 7.5 6.5',
};

/** Decoration: what it means is said by the control that bears it. @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg
    class="icon"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.7"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <path d=${PATHS[name]} />
  </svg>`;
}

/**
 * A button that shows a picture and says its name.
 * @param {{ icon: string, label: string, onClick?: (event: MouseEvent) => void, class?: string } & Record<string, any>} props
 */
export function IconButton({ icon, label, class: more = '', ...rest }) {
  return html`<button type="button" class=${`icon-button ${more}`} aria-label=${label} title=${label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`;
}
