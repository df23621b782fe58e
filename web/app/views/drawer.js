// For developers: every frame in and out, where the page is in each room, and how the connection is.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { inspector } from '../model/inspector.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { SearchField } from './requests.js';
import { IconButton } from './icons.js';

/** Rendered at once; the filter finds among all that are kept. */
const SHOWN_MAX = 300;
const ROUND_TRIP_EVERY_MS = 5_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });

export function Drawer() {
  useObserved(inspector, chat, chat.connection);
  const [words, setWords] = useState('');
  const [chosenId, setChosen] = useState(0);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const isAtEnd = useRef(true);
  const wanted = words.trim().toLowerCase();
  const fitting = wanted ? inspector.frames.filter((frame) => frame.text.toLowerCase().includes(wanted)) : inspector.frames;
  const shown = fitting.slice(-SHOWN_MAX);
  const chosen = inspector.frames.find((frame) => frame.id === chosenId) ?? null;
  // Follows the newest as long as one looks at it.
  useLayoutEffect(() => {
    if (list.current && isAtEnd.current) list.current.scrollTop = list.current.scrollHeight;
  });
  // Somebody looks at the round trip: it is measured while they do.
  useEffect(() => {
    client.nudge();
    const timer = setInterval(() => client.nudge(), ROUND_TRIP_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const { state } = chat.connection;
  const copy = () => {
    const frames = (chosen ? [chosen] : fitting).map(({ at, direction, text }) => ({ at: new Date(at).toISOString(), direction, frame: parsed(text) }));
    void deeds.copy(JSON.stringify(chosen ? frames[0] : frames, null, 2));
  };
  return html`<section class="drawer" aria-label=${t.developerDrawer}>
    <header class="drawer-head">
      <h2>${t.frames}</h2>
      <${SearchField} label=${t.filterFrames} words=${words} change=${setWords} />
      <button type="button" class="button small" onClick=${copy}>${chosen ? t.copyFrame : t.copyFrames}</button>
      <button type="button" class="button small" onClick=${() => inspector.clear()}>${t.clear}</button>
      <span class="grow"></span>
      <span class=${`connection ${state.phase === 'online' ? '' : 'broken'}`}>${t.connection(state.phase)}</span>
      <span class="number" data-round-trip>${t.roundTrip(state.roundTripMs)}</span>
      <button type="button" class="button small danger" onClick=${() => client.cut()} disabled=${state.connectionId === null}>
        ${t.cutConnection}
      </button>
      <${IconButton} icon="close" label=${t.close} class="small" onClick=${() => ui.toggleDrawer()} />
    </header>
    <div class="drawer-body">
      <div
        class="frames"
        ref=${list}
        tabindex="0"
        role="region"
        aria-label=${t.frames}
        onScroll=${(/** @type {any} */ event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 30;
        }}
      >
        ${shown.map(
          (frame) => html`<button
            type="button"
            class="frame"
            key=${frame.id}
            aria-pressed=${frame.id === chosenId}
            onClick=${() => setChosen(frame.id === chosenId ? 0 : frame.id)}
          >
            <span class="number">${clock.format(frame.at)}</span>
            <span class=${frame.direction} title=${t.directions[frame.direction]}>${frame.direction === 'in' ? '←' : '→'}</span>
            <span>${frame.type}</span>
            <span class="cut">${frame.text.slice(0, 240)}</span>
          </button>`,
        )}
      </div>
      <pre class="frame-detail" tabindex="0" aria-label=${t.frame}>${chosen ? pretty(chosen.text) : t.chooseFrame}</pre>
      <${Sequences} />
    </div>
  </section>`;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {string} text */
const pretty = (text) => JSON.stringify(parsed(text), null, 2);

function Sequences() {
  const [, setTurn] = useState(0);
  useEffect(() => client.on('event', () => setTurn((turn) => turn + 1)), []);
  const rooms = [...chat.rooms.values()].filter((room) => client.seqOf(room.id) !== null);
  return html`<div class="sequences" tabindex="0" role="region" aria-label=${t.sequences}>
    <p class="small muted cut" title=${client.position?.epoch ?? ''}>${t.epoch(client.position?.epoch ?? '–')}</p>
    <table>
      <thead>
        <tr><th scope="col">${t.room}</th><th scope="col">seq</th></tr>
      </thead>
      <tbody>
        ${rooms.map(
          (room) => html`<tr key=${room.id}><td class="cut" dir="auto">${room.title.slice(0, 22)}</td><td>${client.seqOf(room.id)}</td></tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
