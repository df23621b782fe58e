// An empty server in development: people and rooms to look at, with a click.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { ui } from '../model/ui.js';
import { html, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { recall, remember } from '../lib/storage.js';
import { t } from '../strings/index.js';

/** @import { Login } from '../types.js' */

/** A demo is made for oneself alone. */
const IS_LOCAL = /^(?:localhost|127\..*|\[::1\])$/;

export function Demo() {
  useObserved(chat);
  const [made, setMade] = useState(/** @type {Login[] | null} */ (recall('demo', null)));
  const [isBusy, setBusy] = useState(false);
  const { features } = chat.capabilities;
  const isOffered = features?.includes('demo') ?? false;
  // Those of a database that is gone are no help.
  const people = isOffered && !isBusy ? null : made;
  if (!features || (!isOffered && !people && !IS_LOCAL.test(location.hostname))) return null;
  // The second time it makes nothing, and tells again who there is.
  const make = async () => {
    setBusy(true);
    try {
      const cast = await client.rest.playDemo({ body: {} }, { timeoutMs: 60_000 });
      setMade(cast.people);
      remember('demo', cast.people);
      chat.capabilities = { ...chat.capabilities, features: features.filter((/** @type {string} */ one) => one !== 'demo') };
    } catch (error) {
      if (isOffered) chat.complain(error);
      else ui.toast(t.noDemo);
    }
    setBusy(false);
  };
  const enter = async (/** @type {string} */ username, /** @type {string} */ password) => {
    if (await chat.attempt(client.logIn({ username, password }))) return;
    // It may be another database by now: they are asked for anew.
    remember('demo', null);
    setMade(null);
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
                onClick=${() => void enter(username, password)}
              >
                <span dir="auto">${display_name}</span> <bdi class="muted">@${username}</bdi>
              </button>`,
            )}
          </div>
          <p class="small muted">${t.demoPassword(people[0]?.password)}</p>`
      : !isOffered
        ? html`<button type="button" class="link-button" disabled=${isBusy} onClick=${() => void make()}>${isBusy ? t.demoMaking : t.demoShow}</button>`
        : html`<p class="muted">${t.demoOffer}</p>
          <div class="demo-people">
            <button type="button" class="button" disabled=${isBusy} onClick=${() => void make()}>${isBusy ? t.demoMaking : t.demoMake}</button>
          </div>`}
  </section>`;
}
