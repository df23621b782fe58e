// Pictures of a few strokes each, in the colour of the text beside them.
import { html } from '../lib/html.js';

/** @type {Record<string, string>} */
const PATHS = {
  add: 'M12 5v14M5 12h14',
  archive: 'M4 5h16v4H4zM6 9v10h12V9M10 13h4',
  arrow_back: 'M19 12H5m6-6-6 6 6 6',
  arrow_down: 'M12 5v14m-6-6 6 6 6-6',
  at: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Zm0 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.5 7.1',
  attach: 'M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7',
  bell: 'M6 16V11a6 6 0 1 1 12 0v5l2 2H4zM10 21h4',
  bell_off: 'M6 16V11c0-1 .2-1.900.6-2.700M9 5.800A6 6 0 0 1 18 11v3M4 18h13M10 21h4M4 4l16 16',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  checks: 'M2.500 12.500l4.500 4.500L16 7.500M11.500 16.500l.5.5L21.500 7.500',
  clock: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  close: 'M6 6l12 12M18 6L6 18',
  code: 'M8 8l-4 4 4 4M16 8l4 4-4 4M13.500 6l-3 12',
  contrast: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM12 3v18M12 7.500h7.500M12 12h9M12 16.500h7.500',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  emoji: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM8.500 14.500c1.800 2.300 5.200 2.300 7 0M9 9.500v.5M15 9.500v.5',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  flag: 'M6 21V4h11l-2 4 2 4H6',
  forward: 'M14 6l6 6-6 6M20 12H9a5 5 0 0 0-5 5v2',
  hash: 'M9 4L7 20M17 4l-2 16M4 9h16M3.500 15h16',
  history: 'M4 12a8 8 0 1 0 2.500-5.800L4 8.500M4 4v4.500h4.500M12 8v4l3 2',
  info: 'M12 11v6M12 7.500v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  keyboard: 'M3 7h18v10H3zM7 10.500h.1M10.500 10.500h.1M14 10.500h.1M17 10.500h.1M8 14h8',
  leave: 'M14 4H5v16h9M10 12h11m-4-4 4 4-4 4',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4.200 4.200 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4.200 4.200 0 0 0 6 6l1-1',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  menu: 'M12 6.700a.7.7 0 1 0 0-1.400.7.7 0 0 0 0 1.400ZM12 12.700a.7.7 0 1 0 0-1.400.7.7 0 0 0 0 1.400ZM12 18.700a.7.7 0 1 0 0-1.400.7.7 0 0 0 0 1.400Z',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500Z',
  people: 'M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.800a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.200 2.600 3.500 5.500',
  pin: 'M9 4h6l-1 6 3.500 3.500h-11L10 10zM12 13.500V21',
  reply: 'M10 6l-6 6 6 6M4 12h11a5 5 0 0 1 5 5v2',
  retry: 'M20 12a8 8 0 1 1-2.500-5.800L20 8.500M20 4v4.500h-4.500',
  search: 'M15.500 15.500L20 20M17 10.500a6.500 6.500 0 1 1-13 0 6.500 6.500 0 0 1 13 0Z',
  send: 'M5 12L4 4.500 20.500 12 4 19.500zM5 12h7',
  settings: 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100',
  shield: 'M12 3l7 3v6c0 4.500-3 7.500-7 9-4-1.500-7-4.500-7-9V6z',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600L7 7M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400',
  talk: 'M4 5h16v11H12l-5 4v-4H4z',
  thread: 'M4 4h12v8H9l-3 3v-3H4zM19 9h1v8h-2v3l-3-3H10v-2',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 11v5.500M13.500 11v5.500',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.500 20.500c.8-4.300 3.500-6.500 7.500-6.500s6.700 2.200 7.500 6.500',
  warning: 'M12 9v5M12 17v.1M12 3.500L2.500 20h19z',
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
