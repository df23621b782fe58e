// An empty server in development: people and rooms to look at, with a click.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { html, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';

/** @typedef {{ username: string, display_name: string, password: string }} Login */

export function Demo() {
  useObserved(chat);
  const [people, setPeople] = useState(/** @type {Login[] | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const isOffered = chat.capabilities.features?.includes('demo') ?? false;
  if (!isOffered && !people) return null;
  const make = async () => {
    setBusy(true);
    const cast = await chat.attempt(client.rest.playDemo({ body: {} }, { timeoutMs: 60_000 }));
    setPeople(cast?.people ?? null);
    setBusy(false);
  };
  return html`<section class="demo">
    ${people
      ? html`<p>${t.demoPeople}</p>
          <div class="demo-people">
            ${people.map(
              ({ username, display_name, password }) => html`<button
                type="button"
                class="button small"
                key=${username}
                onClick=${() => void chat.attempt(client.logIn({ username, password }))}
              >
                <span dir="auto">${display_name}</span>
              </button>`,
            )}
          </div>`
      : html`<p class="muted">${t.demoOffer}</p>
          <div class="demo-people">
            <button type="button" class="button" disabled=${isBusy} onClick=${() => void make()}>${isBusy ? t.demoMaking : t.demoMake}</button>
          </div>`}
  </section>`;
}
