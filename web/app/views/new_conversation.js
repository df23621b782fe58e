// Finding somebody to talk to, a room to join, or making one.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { ui } from '../model/ui.js';
import { html, useState } from '../lib/html.js';
import { t } from '../strings/index.js';
import { PersonButton, RoomPicture } from './avatar.js';
import { Dialog } from './dialogs.js';
import { Icon } from './icons.js';
import { SearchField, useAnswer, useOnce } from './requests.js';
import { talkTo } from './sidebar.js';

/** @import { Room, User } from '../types.js' */

/** @param {{ tab?: 'people' | 'rooms' | 'make' }} props */
export function NewConversation({ tab: first = 'people' }) {
  const [tab, setTab] = useState(first);
  const tabs = /** @type {const} */ (['people', 'rooms', 'make']);
  return html`<${Dialog} title=${t.newConversation}>
    <div class="tabs" role="tablist" aria-label=${t.newConversation}>
      ${tabs.map(
        (one) => html`<button
          type="button"
          role="tab"
          id=${`new-${one}`}
          aria-selected=${tab === one}
          aria-controls="new-panel"
          tabindex=${tab === one ? 0 : -1}
          onClick=${() => setTab(one)}
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (!step) return;
            const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
            setTab(next);
            document.getElementById(`new-${next}`)?.focus();
          }}
        >
          ${t.newTabs[one]}
        </button>`,
      )}
    </div>
    <div id="new-panel" role="tabpanel" aria-labelledby=${`new-${tab}`}>
      ${tab === 'people' ? html`<${FindPeople} act=${(/** @type {User} */ user) => void talkTo(user.id)} />` : null}
      ${tab === 'rooms' ? html`<${FindRooms} />` : null} ${tab === 'make' ? html`<${MakeRoom} />` : null}
    </div>
  <//>`;
}

/** @param {{ act: (user: User) => void, without?: string[] }} props */
export function FindPeople({ act, without = [] }) {
  const [words, setWords] = useState('');
  const name = words.trim().replace(/^@/, '');
  const { answer: found, failed } = useAnswer(
    async (signal) => {
      const page = await client.rest.searchUsers(name ? { query: name, limit: 30 } : { limit: 30 }, { signal });
      chat.people.learn(page.items);
      return page.items;
    },
    [name],
    name ? 200 : 0,
  );
  const shown = found?.filter((user) => user.id !== chat.me?.id && !without.includes(user.id));
  return html`<${SearchField} label=${t.findPeople} words=${words} change=${setWords} autofocus />
    ${failed}
    <ul class="results">
      ${shown?.map(
        (user) => html`<li class="person" key=${user.id}>
          <${PersonButton} user=${user} act=${() => act(user)} />
        </li>`,
      )}
      ${shown?.length === 0 ? html`<li class="empty">${t.nobodyFound}</li>` : null}
    </ul>`;
}

function FindRooms() {
  const [words, setWords] = useState('');
  const query = words.trim();
  const { answer: found, failed } = useAnswer(
    async (signal) => (await client.rest.listRooms({ ...(query ? { query } : {}), kind: 'public', limit: 50 }, { signal })).items,
    [query],
    query ? 200 : 0,
  );
  return html`<${SearchField} label=${t.findRooms} words=${words} change=${setWords} autofocus />
    ${failed}
    <ul class="results">
      ${found?.map(
        (room) => html`<li class="person" key=${room.id}>
          <button
            type="button"
            class="person-open"
            onClick=${() => {
              chat.learnRoom(room);
              ui.ask(null);
              ui.openRoom(room.id);
            }}
          >
            <${RoomPicture} room=${room} />
            <span class="grow">
              <span class="cut" dir="auto">${room.name}</span>
              <p class="cut" dir="auto">${t.members(room.member_count)}${room.description ? ` · ${room.description}` : ''}</p>
            </span>
            ${room.my_role ? html`<span class="tag">${t.joined}</span>` : null}
          </button>
        </li>`,
      )}
      ${found?.length === 0 ? html`<li class="empty">${t.noRoomsFound}</li>` : null}
    </ul>`;
}

function MakeRoom() {
  const [chosen, setChosen] = useState(/** @type {User[]} */ ([]));
  const [failure, setFailure] = useState('');
  const submit = useOnce(async (/** @type {SubmitEvent} */ event) => {
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    try {
      await deeds.createRoom({
        kind: String(form.get('kind')),
        name: String(form.get('name')).trim(),
        description: String(form.get('description')).trim() || null,
        member_ids: chosen.map((user) => user.id),
      });
    } catch (error) {
      setFailure(chat.explain(error));
    }
  });
  return html`<form class="stack" onSubmit=${submit}>
    <div class="field">
      <label for="room-name">${t.roomName}</label>
      <input class="input" id="room-name" name="name" required maxlength="80" dir="auto" autofocus />
    </div>
    <div class="field">
      <label for="room-description">${t.roomDescription}</label>
      <input class="input" id="room-description" name="description" maxlength="500" dir="auto" />
    </div>
    <fieldset class="field" style=${{ border: 0, padding: 0, margin: 0 }}>
      <legend class="legend">${t.whoMayCome}</legend>
      <label class="check"><input type="radio" name="kind" value="public" checked /> ${t.publicRoom}</label>
      <label class="check"><input type="radio" name="kind" value="private" /> ${t.privateRoom}</label>
    </fieldset>
    <div class="field">
      <span class="legend">${t.addPeople}</span>
      <div class="chips">
        ${chosen.map(
          (user) => html`<span class="chip" key=${user.id}>
            <span dir="auto">${user.display_name}</span>
            <button type="button" aria-label=${t.removePerson(user.display_name)} onClick=${() => setChosen(chosen.filter((one) => one !== user))}>
              <${Icon} name="close" />
            </button>
          </span>`,
        )}
      </div>
      <${FindPeople} act=${(/** @type {User} */ user) => setChosen([...chosen, user])} without=${chosen.map((user) => user.id)} />
    </div>
    <p class="wrong" role="alert" hidden=${!failure}>${failure}</p>
    <button type="submit" class="button primary">${t.makeRoom}</button>
  </form>`;
}

/** @param {{ room: Room }} props */
export function AddPeople({ room }) {
  const add = useOnce(async (/** @type {User} */ user) => {
    const added = await chat.attempt(client.rest.addMembers({ room_id: room.id, body: { user_id: user.id } }));
    if (!added) return;
    ui.toast(t.wasAdded(user.display_name));
    await chat.attempt(room.loadMembers());
  });
  return html`<${Dialog} title=${t.addPeople}>
    <${FindPeople} act=${(/** @type {User} */ user) => void add(user)} without=${[...(room.members?.keys() ?? [])]} />
  <//>`;
}
