// Where one signs in or makes an account.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { Problem } from '../../sdk/src/index.js';
import { t } from '../strings/index.js';
import { useObserved } from '../lib/observable.js';
import { recall, remember } from '../lib/storage.js';

/** @import { Login } from '../types.js' */

export function Entrance() {
  const [isNew, setNew] = useState(false);
  const [fields, setFields] = useState(/** @type {Record<string, string>} */ ({}));
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const first = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => first.current?.focus(), [isNew]);

  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const value = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
    const password = String(form.get('password') ?? '');
    setBusy(true);
    setFailure('');
    setFields({});
    try {
      if (isNew) {
        const [email, display_name] = [value('email'), value('display_name')];
        await client.register({
          username: value('username'),
          password,
          ...(email ? { email } : {}),
          ...(display_name ? { display_name } : {}),
        });
      } else {
        await client.logIn({ username: value('username'), password });
      }
    } catch (error) {
      if (error instanceof Problem && error.fields.length > 0) {
        setFields(Object.fromEntries(error.fields.map(({ field, reason }) => [field, reason])));
      } else if (error instanceof Problem && error.code === 'unauthenticated') {
        setFailure(t.wrongPassword);
      } else if (error instanceof Problem && error.code === 'conflict') {
        setFailure(t.nameTaken);
      } else {
        setFailure(chat.explain(error));
      }
    } finally {
      setBusy(false);
    }
  };

  const field = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {Record<string, unknown>} */ more = {},
    /** @type {string} */ hint = '',
  ) => {
    const isWrong = name in fields;
    return html`<div class="field">
      <label for=${`in-${name}`}>${label}</label>
      <input
        class="input"
        id=${`in-${name}`}
        name=${name}
        aria-invalid=${isWrong}
        aria-describedby=${`hint-${name}`}
        ...${more}
      />
      <span id=${`hint-${name}`} class=${isWrong ? 'wrong' : 'hint'}>${isWrong ? t.fieldProblem(label, fields[name]) : hint}</span>
    </div>`;
  };

  const tab = (/** @type {boolean} */ value, /** @type {string} */ label) => html`<button
    type="button"
    role="tab"
    id=${value ? 'tab-new' : 'tab-known'}
    aria-selected=${isNew === value}
    aria-controls="entrance-form"
    tabindex=${isNew === value ? 0 : -1}
    onClick=${() => setNew(value)}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') setNew(!isNew);
    }}
  >
    ${label}
  </button>`;

  return html`<main class="entrance">
    <div class="entrance-card">
      <div class="brand">
        <img class="mark" src=${new URL('../../images/mark.svg', import.meta.url).pathname} alt="" />
        <h1>${t.appName}</h1>
      </div>
      <p class="muted">${ui.invitation ? t.invitedSignIn : t.appPurpose}</p>
      <div class="tabs" role="tablist" aria-label=${t.account}>${tab(false, t.signIn)} ${tab(true, t.register)}</div>
      <form class="stack" id="entrance-form" role="tabpanel" aria-labelledby=${isNew ? 'tab-new' : 'tab-known'} onSubmit=${submit}>
        ${field('username', isNew ? t.username : t.usernameOrEmail, {
          ref: first,
          required: true,
          autocomplete: 'username',
          autocapitalize: 'none',
          spellcheck: false,
          maxlength: isNew ? 32 : 254,
        }, isNew ? t.usernameHint : '')}
        ${isNew ? field('display_name', t.displayName, { autocomplete: 'name', maxlength: 80, dir: 'auto' }, t.optional) : null}
        ${isNew ? field('email', t.email, { type: 'email', autocomplete: 'email' }, t.optional) : null}
        ${field('password', t.password, {
          type: 'password',
          required: true,
          autocomplete: isNew ? 'new-password' : 'current-password',
        }, isNew ? t.passwordHint : '')}
        <p class="wrong" role="alert" hidden=${!failure}>${failure}</p>
        <button class="button primary" type="submit" disabled=${isBusy}>${isNew ? t.register : t.signIn}</button>
      </form>
      <${Demo} />
      <p class="small muted entrance-links">
        ${t.forDevelopers} <a href="docs/">${t.apiDocs}</a> · <a href="redoc">${t.apiReference}</a> · <a href="asyncapi.json">AsyncAPI</a>
      </p>
    </div>
  </main>`;
}

/** A demo is made for oneself alone. */
const IS_LOCAL = /^(?:localhost|127\..*|\[::1\])$/;

/** An empty server in development: people and rooms to look at, with a click. */
function Demo() {
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
