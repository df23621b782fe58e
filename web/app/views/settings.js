// Who I am, how I am, what I want to be told of, and where I am signed in.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { canNotify, isNotifying, setNotifying } from '../model/notifications.js';
import { ui } from '../model/ui.js';
import { html, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { shortly } from '../lib/time.js';
import { t } from '../strings/index.js';
import { Avatar, PictureField } from './avatar.js';
import { Dialog } from './dialogs.js';
import { useAnswer, useForm, useOnce } from './requests.js';

/** @import { Me } from '../types.js' */

export function Settings() {
  useObserved(chat);
  const me = chat.me;
  return html`<${Dialog} title=${t.settings}>
    <${Profile} />
    <${Status} />
    ${me ? html`<${Privacy} me=${me} />` : null}
    <${Looks} />
    <${Password} />
    <${Sessions} />
    <section class="row">
      <button
        type="button"
        class="button danger"
        onClick=${() => {
          ui.ask(null);
          void client.logOut();
        }}
      >
        ${t.signOut}
      </button>
      ${me?.role === 'user'
        ? html`<span class="grow"></span>
            <button type="button" class="link-button" onClick=${() => ui.ask({ kind: 'deactivate' })}>${t.deactivate} …</button>`
        : null}
    </section>
  <//>`;
}

function Profile() {
  const { me } = chat;
  const { submit, said } = useForm(async (form) => {
    const email = String(form.get('email')).trim();
    await client.updateProfile({ display_name: String(form.get('display_name')).trim(), email: email || null });
  });
  return html`<section class="stack">
    <div class="row">
      <${Avatar} user=${me} size="large" />
      <div class="grow stack">
        <span><strong dir="auto" class="cut">${me?.display_name}</strong><bdi class="muted">@${me?.username}</bdi></span>
        <${PictureField} isThere=${Boolean(me?.avatar_url)} set=${(/** @type {File | null} */ file) => client.setPicture(file)} />
      </div>
    </div>
    <form class="stack" onSubmit=${submit}>
      <div class="field">
        <label for="my-name">${t.displayName}</label>
        <input class="input" id="my-name" name="display_name" required maxlength="80" dir="auto" defaultValue=${me?.display_name} value=${me?.display_name} />
      </div>
      <div class="field">
        <label for="my-email">${t.email}</label>
        <input class="input" id="my-email" name="email" type="email" value=${me?.email ?? ''} />
      </div>
      <div class="row"><button type="submit" class="button">${t.save}</button> ${said}</div>
    </form>
  </section>`;
}

function Status() {
  const mine = client.presence.mine;
  const [status, setStatus] = useState(/** @type {string} */ (mine));
  return html`<section class="stack">
    <h3>${t.status}</h3>
    <div class="segments" role="radiogroup" aria-label=${t.status}>
      ${/** @type {const} */ (['online', 'away', 'busy']).map(
        (one) => html`<label>
          <input
            type="radio"
            name="status"
            checked=${status === one}
            onChange=${() => {
              client.setStatus(one);
              setStatus(one);
            }}
          />
          <span>${t.presence[one]}</span>
        </label>`,
      )}
    </div>
    <${StatusText} />
  </section>`;
}

/** What one says of oneself. */
function StatusText() {
  const { me } = chat;
  const { submit, said } = useForm(async (form) => {
    const [emoji, text] = [String(form.get('emoji')).trim(), String(form.get('text')).trim()];
    const status = emoji || text ? { emoji: emoji || null, text: text || null } : null;
    await client.updateProfile({ status });
  });
  return html`<form class="stack" onSubmit=${submit}>
    <div class="row status-row">
      <div class="field">
        <label for="my-status-emoji">${t.emoji}</label>
        <input class="input" id="my-status-emoji" name="emoji" value=${me?.status?.emoji ?? ''} size="4" maxlength="16" />
      </div>
      <div class="field grow">
        <label for="my-status-text">${t.statusText}</label>
        <input class="input" id="my-status-text" name="text" maxlength="100" dir="auto" value=${me?.status?.text ?? ''} />
      </div>
    </div>
    <div class="row"><button type="submit" class="button">${t.save}</button> ${said}</div>
  </form>`;
}

/** @param {{ me: Me }} props */
function Privacy({ me }) {
  const toggle = useOnce(async (/** @type {'shares_read_marks' | 'shares_last_seen'} */ name) => {
    await chat.attempt(client.updateProfile({ [name]: !me[name] }));
    // What was refused is shown as it was.
    chat.changed();
  });
  return html`<section class="stack">
    <h3>${t.privacy}</h3>
    <label class="check">
      <input type="checkbox" checked=${me.shares_read_marks} onChange=${() => void toggle('shares_read_marks')} /> ${t.sharesReadMarks}
    </label>
    <label class="check">
      <input type="checkbox" checked=${me.shares_last_seen} onChange=${() => void toggle('shares_last_seen')} /> ${t.sharesLastSeen}
    </label>
  </section>`;
}

function Looks() {
  const [isOn, setOn] = useState(isNotifying());
  const toggle = async (/** @type {HTMLInputElement} */ box) => {
    const isWanted = box.checked;
    const isGiven = await setNotifying(isWanted);
    setOn(isGiven);
    box.checked = isGiven;
    if (isWanted && !isGiven) ui.toast(t.notificationsRefused);
  };
  return html`<section class="stack">
    <h3>${t.looks}</h3>
    <div class="segments" role="radiogroup" aria-label=${t.looks}>
      ${/** @type {const} */ (['auto', 'light', 'dark']).map(
        (theme) => html`<label>
          <input type="radio" name="theme" checked=${ui.theme === theme} onChange=${() => ui.setTheme(theme)} />
          <span>${t.themes[theme]}</span>
        </label>`,
      )}
    </div>
    ${canNotify()
      ? html`<label class="check">
          <input type="checkbox" checked=${isOn} onChange=${(/** @type {any} */ event) => void toggle(event.target)} /> ${t.notifyMe}
        </label>`
      : null}
  </section>`;
}

function Password() {
  const { submit, said } = useForm(async (form, element) => {
    await client.rest.changePassword({
      body: { current_password: String(form.get('current')), new_password: String(form.get('next')) },
    });
    element.reset();
  });
  return html`<section class="stack">
    <h3>${t.changePassword}</h3>
    <form class="stack" onSubmit=${submit}>
      <div class="field">
        <label for="password-now">${t.currentPassword}</label>
        <input class="input" id="password-now" name="current" type="password" required autocomplete="current-password" />
      </div>
      <div class="field">
        <label for="password-next">${t.newPassword}</label>
        <input class="input" id="password-next" name="next" type="password" required autocomplete="new-password" />
      </div>
      <div class="row"><button type="submit" class="button">${t.save}</button> ${said}</div>
    </form>
  </section>`;
}

/** The browser and the system, as people call them; else what it says of itself. @param {string} agent */
function deviceOf(agent) {
  const browser = BROWSERS.find(([, pattern]) => pattern.test(agent))?.[0];
  const system = SYSTEMS.find(([, pattern]) => pattern.test(agent))?.[0];
  return browser && system ? t.browserOn(browser, system) : agent;
}

/** Each says that it is those below it as well. @type {[string, RegExp][]} */
const BROWSERS = [
  ['Edge', /\bEdg/],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
];
/** @type {[string, RegExp][]} */
const SYSTEMS = [
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];

function Sessions() {
  const { answer, load, waiting } = useAnswer(async () => (await client.rest.listSessions()).items);
  const sessions = answer ?? [];
  const end = useOnce((/** @type {() => Promise<unknown>} */ deed) => chat.attempt(deed()).then(load));
  return html`<section>
    <h3>${t.sessions}</h3>
    ${waiting}
    ${sessions.length > 1
      ? html`<button type="button" class="button small danger" onClick=${() => void end(() => client.rest.revokeOtherSessions())}>
          ${t.signOutElsewhere}
        </button>`
      : null}
    <ul>
      ${sessions.map(
        (session) => html`<li class="person" key=${session.id}>
          <span class="grow">
            <span class="cut" title=${session.user_agent ?? ''}>${session.user_agent ? deviceOf(session.user_agent) : t.unknownDevice}</span>
            <p class="cut">${[session.ip, shortly(session.last_used_at)].filter(Boolean).join(' · ')}</p>
          </span>
          ${session.current
            ? html`<span class="tag">${t.thisDevice}</span>`
            : html`<button
                type="button"
                class="button small danger"
                onClick=${() => void end(() => client.rest.revokeSession({ session_id: session.id }))}
              >
                ${t.signOut}
              </button>`}
        </li>`,
      )}
    </ul>
  </section>`;
}
